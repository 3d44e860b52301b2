"""Series made on the spot: two of physics, one of physiology, one of a power grid, one of a warehouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.series.series import Series, SeriesTable, Start
from rnnbench.data.series.sources import SeriesSource
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import SEED

Kind = Literal["oscillation", "mackey_glass", "lorenz", "seasons", "demand"]
Rows = NDArray[np.float64]

# Rounded, so that no machine's last digit tells.
_DECIMALS = 6


class GeneratedSeries(SeriesSource):
    """Series that are the same on every machine.

    - ``oscillation``: a damped oscillator that is kicked at random, 8 series.
    - ``mackey_glass``: the chaotic equation of white blood cells, delay 17, one series.
    - ``lorenz``: the three coordinates of the Lorenz attractor.
    - ``seasons``: hourly, a trend with a day and a week in it, and noise, 4 series.
    - ``demand``: daily counts, most of them zero, 40 series of different length and start.

    Args:
        kind: Which ones.
        length: Steps of a series; of ``demand``, of the longest.
        seed: Seed of what is random.
    """

    def __init__(self, kind: Kind = "seasons", length: int = 2000, seed: Annotated[int, SEED] = 1) -> None:
        if kind not in get_args(Kind):
            raise UserError(
                f"there are no series {kind!r}", where="data.source.kind", hint=did_you_mean(kind, get_args(Kind))
            )
        if length < 100:
            raise UserError(f"must be at least 100, found {length}", where="data.source.length")
        load_origin("generated_series", Builtin)
        self.dataset = f"generated_{kind}"
        self.kind = kind
        self.length = length
        self.seed = seed

    def table(self) -> SeriesTable:
        """See `SeriesSource.table`."""
        frequency, series = _MAKERS[self.kind](self.length, np.random.default_rng(self.seed))
        return SeriesTable(frequency, tuple(series))


def _series(name: str, start: Start, values: Rows) -> Series:
    none = np.empty((len(values), 0))
    return Series(name, start, values.round(_DECIMALS), none, none, np.empty(0))


def runge_kutta(slope: Callable[[Rows], Rows], state: Rows, step: float) -> Rows:
    """One step of the classical method of fourth order.

    Args:
        slope: Derivative of the state.
        state: The state.
        step: How far in time.
    """
    a = slope(state)
    b = slope(state + step / 2 * a)
    c = slope(state + step / 2 * b)
    d = slope(state + step * c)
    return state + step / 6 * (a + 2 * b + 2 * c + d)


def mackey_glass(length: int, delay: int = 17, start: float = 1.2, parts: int = 10) -> Rows:
    """The equation of M. C. Mackey and L. Glass, Oscillation and Chaos in Physiological Control Systems, Science 1977.

        dx/dt = 0.2 x(t - delay) / (1 + x(t - delay)^10) - 0.1 x(t)

    Args:
        length: Values, one for each unit of time.
        delay: The delay; chaotic from 17 on.
        start: Value at and before time zero.
        parts: Steps of the integration for a unit of time. Between two of them the delayed value is taken as the mean.
    """
    past = [start] * (delay * parts + 1)
    values = []
    for step in range(length * parts):
        now, late, next_late = past[-1], past[0], past[1]

        def slope(x: Rows, late: float = (late + next_late) / 2) -> Rows:
            return 0.2 * late / (1 + late**10) - 0.1 * x

        past = [*past[1:], float(runge_kutta(slope, np.array(now), 1 / parts))]
        if step % parts == parts - 1:
            values.append(past[-1])
    return np.array(values)


def _mackey_glass(length: int, random: np.random.Generator) -> tuple[str, list[Series]]:
    settling = 300
    return "1", [_series("x", 0, mackey_glass(length + settling)[settling:])]


def _lorenz(length: int, random: np.random.Generator) -> tuple[str, list[Series]]:
    """E. N. Lorenz, Deterministic Nonperiodic Flow, Journal of the Atmospheric Sciences 1963; a value each 0.05."""

    def slope(state: Rows) -> Rows:
        x, y, z = state
        return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    state, rows = np.array([1.0, 1.0, 20.0]), []
    settling = 100
    for _ in range(length + settling):
        for _ in range(5):
            state = runge_kutta(slope, state, 0.01)
        rows.append(state)
    return "1", [_series(name, 0, np.array(rows)[settling:, i]) for i, name in enumerate("xyz")]


def _oscillation(length: int, random: np.random.Generator) -> tuple[str, list[Series]]:
    """X'' = -2 d w x' - w^2 x, with kicks to the speed at one step in fifty."""
    found = []
    for number in range(8):
        period, damping = random.uniform(12, 40), random.uniform(0.02, 0.08)
        w = 2 * np.pi / period
        kicks = (random.random(length) < 0.02) * random.normal(0, 1, length) * w * 3

        def slope(state: Rows, w: float = w, damping: float = damping) -> Rows:
            return np.array([state[1], -2 * damping * w * state[1] - w * w * state[0]])

        state, values = np.array([1.0, 0.0]), []
        for kick in kicks:
            state = runge_kutta(slope, state + np.array([0.0, kick]), 1.0)
            values.append(state[0])
        noise = random.normal(0, 0.02, length)
        found.append(_series(f"oscillator_{number + 1}", 0, np.array(values) + noise))
    return "1", found


def _seasons(length: int, random: np.random.Generator) -> tuple[str, list[Series]]:
    import pandas as pd

    hours = np.arange(length)
    found = []
    for number in range(4):
        level, growth = random.uniform(50, 200), random.uniform(0.0, 0.5)
        day = np.sin(2 * np.pi * (hours / 24 + random.random())) + 0.4 * np.sin(4 * np.pi * hours / 24)
        week = np.where(hours // 24 % 7 < 5, 0.3, -0.75)
        noise = np.zeros(length)
        for t, shock in enumerate(random.normal(0, 0.08, length)):
            noise[t] = 0.7 * noise[t - 1] + shock if t else shock
        values = level * (1 + growth * hours / length + 0.2 * day + 0.15 * week + 0.3 * noise)
        found.append(_series(f"meter_{number + 1}", pd.Timestamp("2024-01-01"), values))
    return "h", found


def _demand(length: int, random: np.random.Generator) -> tuple[str, list[Series]]:
    import pandas as pd

    found = []
    for number in range(40):
        size = length if number == 0 else int(random.integers(length // 2, length + 1))
        days = np.arange(length - size, length)
        rate = random.gamma(2, 0.4) * (1 + 0.6 * np.sin(2 * np.pi * (days % 7) / 7) + (days % 7 == 5))
        values = random.poisson(rate * random.gamma(1.5, 1 / 1.5, size)).astype(np.float64)
        start = pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(days[0]))
        found.append(_series(f"article_{number + 1}", start, values))
    return "D", found


_MAKERS: dict[str, Callable[[int, np.random.Generator], tuple[str, list[Series]]]] = {
    "oscillation": _oscillation,
    "mackey_glass": _mackey_glass,
    "lorenz": _lorenz,
    "seasons": _seasons,
    "demand": _demand,
}

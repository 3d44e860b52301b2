"""What a study's file says of tuning: options and values that are tried, in rounds that grow longer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from rnnbench.study.section import Section


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers from low to high; drawn evenly in their logarithm where log is set, whole where both ends are."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Round:
    """Trials of one length: K. Jamieson and A. Talwalkar, Non-stochastic Best Arm Identification, AISTATS 2016.

    Args:
        fraction: Share of the budget that a trial gets.
        keep: How many of its points go on to the next round.
    """

    fraction: float
    keep: int = 1


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How options are tuned before the final runs, for every cell in the same way.

    Args:
        rounds: The rounds; the first one tries all points, and the best of the last one is taken.
        seeds: Seeds of the trials; no final run has one of them.
        grid: Option -> values: all combinations are tried. Empty for a random search.
        space: Option -> list of choices, or (low, high, log): what a random search draws from.
        trials: Number of draws.
        widen: How many more values of a number are tried at most, where the best one lies at the edge.
        rescale: Options in epochs, such as those of a schedule -> their value in a training of the whole budget; a
            trial has the share of it that it has of the budget.
    """

    rounds: tuple[Round, ...]
    seeds: tuple[int, ...]
    grid: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    space: dict[str, tuple[Any, ...] | Range] = field(default_factory=dict)
    trials: int = 0
    widen: int = 0
    rescale: dict[str, float] = field(default_factory=dict)

    @property
    def tuned(self) -> list[str]:
        """The options."""
        return list(self.grid or self.space)

    @property
    def points(self) -> int:
        """How many points the first round has."""
        return math.prod(map(len, self.grid.values())) if self.grid else self.trials

    @property
    def counts(self) -> list[int]:
        """How many points each round has."""
        return [self.points, *(min(one.keep, self.points) for one in self.rounds[:-1])]

    @property
    def effort(self) -> float:
        """What is spent on a cell, in trainings of the whole budget; what a wider search adds does not count."""
        return len(self.seeds) * sum(one.fraction * n for one, n in zip(self.rounds, self.counts, strict=True))


def read_tuning(section: Section) -> Tuning:
    """The section ``tuning`` of a study's file."""
    is_grid = "grid" in section
    if is_grid == ("space" in section):
        raise section.error("", "either grid or space is needed")
    grid = {name: section.section("grid").values(name) for name in section.names("grid")} if is_grid else {}
    space = {} if is_grid else {name: _space(section.section("space"), name) for name in section.names("space")}
    trials = section.number("trials") if not is_grid else 0
    widen = section.number("widen") if "widen" in section else 0
    tuning = Tuning(
        rounds=_rounds(section),
        seeds=section.list("seeds", int),
        grid=grid,
        space=space,
        trials=int(trials),
        widen=int(widen),
        rescale={name: section.section("rescale").number(name) for name in section.names("rescale")},
    )
    if not tuning.tuned:
        raise section.error("grid" if is_grid else "space", "names no option")
    section.refuse_others()
    if not tuning.seeds:
        raise section.error("seeds", "names none")
    if not is_grid and (trials < 1 or trials != tuning.trials):
        raise section.error("trials", f"expected a whole number above 0, found {trials:g}")
    if widen < 0 or widen != tuning.widen:
        raise section.error("widen", f"expected a whole number, found {widen:g}")
    return tuning


def _rounds(section: Section) -> tuple[Round, ...]:
    """``rounds``, or the one round of ``fraction``."""
    if "rounds" not in section:
        fraction = section.number("fraction") if "fraction" in section else 1.0
        _check_fraction(section, "fraction", fraction)
        return (Round(fraction=fraction),)
    if "fraction" in section:
        raise section.error("fraction", "the rounds have fractions of their own", "leave it out")
    listed = section.raw("rounds")
    if not isinstance(listed, list):
        raise section.error("rounds", f"expected a list of rounds, found {listed!r}")
    found: list[Round] = []
    for place, content in enumerate(listed, start=1):
        one = Section(section.path, f"{section.key}.rounds ({place})", content)
        fraction = one.number("fraction")
        keep = one.number("keep") if "keep" in one else 1
        one.refuse_others()
        _check_fraction(one, "fraction", fraction)
        if keep < 1 or keep != int(keep) or (found and keep > found[-1].keep):
            raise one.error("keep", f"expected a whole number above 0, and no more than before, found {keep:g}")
        found.append(Round(fraction=fraction, keep=int(keep)))
    if not found:
        raise section.error("rounds", "names none")
    return tuple(found)


def _check_fraction(section: Section, key: str, fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise section.error(key, f"must be above 0 and at most 1, found {fraction:g}")


def _space(section: Section, option: str) -> tuple[Any, ...] | Range:
    """What an option is drawn from: the choices of a list, or the numbers from low to high."""
    if isinstance(section.raw(option), list):
        return section.values(option)
    bounds = section.section(option)
    low, high = bounds.number("low"), bounds.number("high")
    log = bounds.choice("log", (True, False)) if "log" in bounds else False
    bounds.refuse_others()
    if not low < high or (log and low <= 0):
        raise bounds.error("", f"no range: low {low:g}, high {high:g}")
    return Range(low=low, high=high, log=log)

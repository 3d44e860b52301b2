"""Windows, by what they are: slices of a series."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data import GeneratedSeries
from rnnbench.data.series.generated import Kind, mackey_glass
from rnnbench.data.series.scales import scale_of
from rnnbench.data.series.season import calendar, season_of
from rnnbench.data.series.series import Series, SeriesTable
from rnnbench.data.series.windows import Windows
from rnnbench.errors import UserError


def series(length, offset=0.0, name="s"):
    values = np.arange(length) + offset
    return Series(name, 0, values, values[:, None] + 0.1, values[:, None] + 0.2, np.array([offset]))


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 4), st.data())
def test_windows_are_slices(lengths, context, horizon, data):
    table = SeriesTable("1", tuple(series(n, 100.0 * i) for i, n in enumerate(lengths)), ("k",), ("p",), ("s",))
    spans = [tuple(sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))) for n in lengths]
    windows = Windows(table, spans, context, horizon, np.zeros((len(lengths), 4)), range(len(lengths)))
    expected = [
        (i, origin)
        for i, (start, end) in enumerate(spans)
        for origin in range(len(table.series[i]))
        if origin >= context and start <= origin and origin + horizon <= end
    ]
    assert [tuple(windows.window(n)) for n in range(len(windows))] == expected
    if not expected:
        return
    batch = windows(list(range(len(windows))), 0)
    assert batch.tokens == len(windows) * horizon
    for row, (i, origin) in enumerate(expected):
        one = table.series[i]
        past, future = slice(origin - context, origin), slice(origin, origin + horizon)
        np.testing.assert_array_equal(batch.past[row], one.values[past])
        np.testing.assert_array_equal(batch.future[row], one.values[future])
        np.testing.assert_array_equal(batch.covariates[row], np.concatenate([one.known[past], one.seen[past]], 1))
        np.testing.assert_array_equal(batch.known[row], one.known[future])
        assert batch.series[row] == i


def test_scale():
    mean, deviation, magnitude, naive = scale_of(np.array([1.0, -3.0, np.nan, 2.0]), 1)
    assert (mean, magnitude, naive) == (0.0, 2.0, 4.0)
    assert deviation == pytest.approx((14 / 3) ** 0.5)
    assert np.isnan(scale_of(np.ones(5), 1)[3]), "a constant series has no scale"
    assert np.isnan(scale_of(np.tile([1.0, 2.0], 5), 2)[3]), "nor has one that repeats itself"
    assert np.isnan(scale_of(np.full(3, np.nan), 1)).all()


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("h", 24), ("15min", 96), ("D", 7), ("B", 5), ("W-SUN", 52), ("MS", 12), ("ME", 12), ("QS-OCT", 4), ("YS-JAN", 1)],
)
def test_seasons(frequency, season):
    assert season_of(frequency) == season
    assert season_of("1") == 1


def test_calendar_repeats_itself():
    times = pd.date_range("2020-01-01", periods=24 * 15, freq="h")
    found = calendar(times)
    assert found.shape == (len(times), 8)
    np.testing.assert_allclose(found[0, [0, 4]], found[24, [0, 4]], atol=1e-12)
    np.testing.assert_allclose(found[5, [1, 5]], found[5 + 168, [1, 5]], atol=1e-12)
    assert not np.allclose(found[0, 1], found[24, 1])


@pytest.mark.parametrize("kind", get_args(Kind))
def test_generated(kind):
    first, again = GeneratedSeries(kind, 200).table(), GeneratedSeries(kind, 200).table()
    assert len({one.name for one in first.series}) == len(first.series)
    for a, b in zip(first.series, again.series, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
        assert np.isfinite(a.values).all()
        assert a.values.std() > 0
    if kind == "demand":
        assert len({len(one) for one in first.series}) > 1
        assert all((one.values >= 0).all() and (one.values % 1 == 0).all() for one in first.series)


def test_mackey_glass_obeys_its_equation():
    fine = mackey_glass(60, parts=100)
    np.testing.assert_allclose(mackey_glass(60), fine, atol=2e-4)
    assert fine[0] == pytest.approx(1.2 + (0.2 * 1.2 / (1 + 1.2**10) - 0.12) * 0.952, abs=1e-3), "one unit of time on"


def test_bad_generated():
    with pytest.raises(UserError, match="did you mean: lorenz"):
        GeneratedSeries("lorentz")  # type: ignore[arg-type]

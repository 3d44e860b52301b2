"""Intervals, Welch's test, ranks and letters, held against scipy, textbooks and their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rnnbench.results.statistics.seeds import difference, hedges, skewed, summarise, welch
from rnnbench.results.statistics.summary import MIN_SEEDS
from rnnbench.results.statistics.table import holm, letters, ranks

values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@given(samples=st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=5))
def test_summaries(samples):
    for sample, found in zip(samples, summarise(samples), strict=True):
        assert found.mean == pytest.approx(np.mean(sample), rel=1e-12, abs=1e-9)
        if len(sample) == 1:
            assert found.deviation is found.low is found.high is None
        else:
            assert found.deviation == pytest.approx(np.std(sample, ddof=1), rel=1e-9, abs=1e-9)
            if len(sample) < MIN_SEEDS:
                assert found.low is found.high is None
            elif found.deviation > 1e-6:
                wanted = stats.ttest_1samp(sample, 0).confidence_interval()
                assert (found.low, found.high) == pytest.approx(tuple(wanted), rel=1e-6, abs=1e-6)


def test_an_interval_does_not_depend_on_the_rows_beside_it():
    rng = np.random.default_rng(0)
    samples = [rng.random(5).tolist() for _ in range(4)]
    assert [summarise([sample])[0] for sample in samples] == summarise(samples)


@pytest.mark.parametrize("size", [3, 5, 10])
def test_intervals_hold_the_mean_of_normal_seeds(size):
    samples = np.random.default_rng(3).normal(size=(4000, size)).tolist()
    assert np.mean([one.low <= 0 <= one.high for one in summarise(samples)]) >= 0.93


@pytest.mark.parametrize(("size", "promised"), [(3, 0.88), (10, 0.90)])
def test_intervals_of_skewed_seeds_hold_it_as_often_as_is_said(size, promised):
    samples = np.random.default_rng(3).exponential(size=(4000, size)).tolist()
    assert np.mean([one.low <= 1 <= one.high for one in summarise(samples)]) == pytest.approx(promised, abs=0.015)


@pytest.mark.parametrize("special", [math.nan, math.inf])
def test_a_run_that_diverged_leaves_no_interval(special):
    (found,) = summarise([[1.0, special]])
    assert not math.isfinite(found.mean)
    assert found.deviation is found.low is found.high is None
    assert np.isnan(welch([[1.0, special], [1.0, 2.0]], [False, False])[0, 1])


def test_welch_of_a_textbook():
    """Student's sleep data; R's documentation of t.test has t = -1.8608, df = 17.776, p-value = 0.07939."""
    drug_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    drug_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    assert welch([drug_1, drug_2], [False, False])[0, 1] == pytest.approx(0.07939, abs=5e-6)


@given(samples=st.lists(st.lists(values, min_size=2, max_size=6, unique=True), min_size=2, max_size=4))
@settings(max_examples=30)
def test_welch_is_that_of_scipy(samples):
    found = welch(samples, [False] * len(samples))
    for a, one in enumerate(samples):
        for b, other in enumerate(samples):
            wanted = stats.ttest_ind(one, other, equal_var=False).pvalue
            assert found[a, b] == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_against_a_row_without_noise_it_is_the_test_of_one_sample():
    sample = [1.2, 1.4, 1.1, 1.35]
    found = welch([sample, [1.0], [1.0]], [False, True, False])
    assert found[0, 1] == pytest.approx(stats.ttest_1samp(sample, 1.0).pvalue, rel=1e-12)
    assert np.isnan(found[0, 2])


def test_caution_takes_the_degrees_of_freedom_of_the_smaller_row():
    one, other = [1.0, 1.2, 1.1, 1.4, 0.9], [2.0, 2.6, 1.9]
    t = stats.ttest_ind(one, other, equal_var=False).statistic
    assert welch([one, other], [False] * 2, cautious=True)[0, 1] == pytest.approx(2 * stats.t.sf(abs(t), 2))
    # Beside a row without noise there is one row's freedom already.
    assert welch([one, [1.0]], [False, True], cautious=True)[0, 1] == pytest.approx(stats.ttest_1samp(one, 1.0).pvalue)
    gap, low, high = difference(one, other, 1, cautious=True)
    reach = stats.t.isf(0.025, 2) * abs(gap / t)
    assert (low, high) == pytest.approx((gap - reach, gap + reach))


def test_intervals_of_many_pairs_hold_together():
    one, other = [1.0, 1.2, 1.1, 1.4], [2.0, 2.6, 1.9]
    wanted = stats.ttest_ind(one, other, equal_var=False).confidence_interval(1 - 0.05 / 7)
    assert difference(one, other, 7)[1:] == pytest.approx(tuple(wanted))


@pytest.mark.parametrize(("rows", "seeds"), [(2, 3), (8, 3), (8, 5)])
def test_one_normal_table_in_three_looks_skewed(rows, seeds):
    tables = np.random.default_rng(7).normal(size=(2000, rows, seeds)).tolist()
    # Of two rows of three, skewness is far from normal.
    assert np.mean([skewed(table) for table in tables]) == pytest.approx(2 * stats.norm.sf(1), abs=0.06)


def test_skewness_is_that_of_scipy_and_counts_rows_that_vary():
    table = np.random.default_rng(8).lognormal(size=(8, 5)).tolist()
    b = stats.skew(table, axis=1).sum()
    assert b > (8 * 6 * 3 / (6 * 8)) ** 0.5
    assert skewed(table)
    assert skewed([*table, [1.0] * 5, [2.0, 1.0], [1.0, math.nan, 3.0]])
    assert skewed((-np.array(table)).tolist()), "either way"
    assert not skewed([])


@pytest.mark.parametrize("sizes", [(3, 3), (5, 5), (3, 4)])
def test_rows_without_variation_are_counted(sizes):
    one, other = ([value] * size for value, size in zip((1.0, 0.5), sizes, strict=True))
    test = {"statistic": lambda x, y, axis: x.mean(axis) - y.mean(axis), "vectorized": True, "n_resamples": np.inf}
    wanted = stats.permutation_test((one, other), **test).pvalue
    assert welch([one, other, one], [False] * 3)[0, 1:].tolist() == pytest.approx([wanted, 1.0])


def test_a_row_without_variation_beside_one_without_noise():
    found = welch([[1.0] * 5, [0.5], [1.0], [0.5]], [False, True, True, True])
    assert found[0, 1:].tolist() == pytest.approx([2 / 252, 1.0, 2 / 252])
    assert np.isnan(found[1, 2]), "nothing has noise"


@given(*[st.lists(values, min_size=2, max_size=6, unique=True)] * 2)
@settings(max_examples=20)
def test_differences_are_those_of_scipy(one, other):
    gap, low, high = difference(one, other)
    wanted = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    assert gap == pytest.approx(np.mean(one) - np.mean(other), rel=1e-9, abs=1e-9)
    assert (low, high) == pytest.approx(tuple(wanted), rel=1e-5, abs=1e-6)


def test_hedges_of_its_definition():
    one, other = [5.0, 6.0, 7.0, 8.0], [1.0, 3.0, 3.0]
    pooled = math.sqrt((3 * np.var(one, ddof=1) + 2 * np.var(other, ddof=1)) / 5)
    assert hedges(one, other) == pytest.approx((1 - 3 / 19) * (6.5 - 7 / 3) / pooled)
    assert hedges([1.0, 1.0], [2.0, 2.0]) is None


def test_holm_of_a_textbook():
    """R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.2, 0.9), "holm")."""
    p = np.full((4, 4), np.nan)
    p[np.triu_indices(4, 1)] = [0.01, 0.04, 0.03, 0.005, 0.2, 0.9]
    corrected = holm(np.fmax(p, p.T))
    assert corrected[np.triu_indices(4, 1)] == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.4, 0.9])
    assert (np.isnan(corrected) == np.eye(4, dtype=bool)).all()


@given(p=st.lists(st.floats(0, 1) | st.just(math.nan), min_size=6, max_size=6))
def test_holm_is_between_no_correction_and_bonferroni(p):
    square = np.full((4, 4), np.nan)
    square[np.triu_indices(4, 1)] = p
    square.T[np.triu_indices(4, 1)] = p
    corrected = holm(square)[np.triu_indices(4, 1)]
    tested = ~np.isnan(p)
    assert (np.isnan(corrected) == ~tested).all()
    plain = np.array(p)[tested]
    assert (corrected[tested] >= plain).all()
    assert (corrected[tested] <= np.minimum(1, plain * tested.sum())).all()


def _apart(count: int, told: set[tuple[int, int]]) -> np.ndarray:
    square = np.zeros((count, count), dtype=bool)
    for a, b in told:
        square[a, b] = square[b, a] = True
    return square


def test_ranks_span_what_is_left_open():
    """The first and the third row differ, and neither from the second: no two ranks could say so."""
    found = ranks(_apart(4, {(0, 2)}), [True, True, True, False])
    assert found == [(1, 2), (1, 3), (2, 3), None]
    assert [str(rank) for rank in found] == ["1–2", "1–3", "2–3", "None"]
    assert letters(_apart(4, {(0, 2)}), [True, True, True, False]) == ["a", "ab", "b", ""]


@given(st.integers(2, 7).flatmap(lambda count: st.tuples(st.just(count), st.sets(
    st.sampled_from([(a, b) for b in range(count) for a in range(b)])))))  # fmt: skip
def test_letters_say_exactly_which_rows_are_told_apart(case):
    count, told = case
    found = letters(_apart(count, told), [True] * count)
    for a in range(count):
        assert found[a]
        for b in range(a + 1, count):
            assert bool(set(found[a]) & set(found[b])) == ((a, b) not in told)


def test_no_more_letters_than_there_are():
    # Rows told apart from all but their partner: 2^15 sets.
    told = {(a, b) for a in range(0, 30, 2) for b in range(a + 1, a + 2)}
    assert letters(_apart(30, told), [True] * 30) is None

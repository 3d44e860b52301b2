"""Intervals and Welch's test, held against scipy, a textbook, and tables in which nothing differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rnnbench.results.statistics.seeds import summarise, welch
from rnnbench.results.statistics.table import holm, ranks

values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@given(samples=st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=5))
@settings(deadline=None)
def test_summaries(samples):
    for sample, found in zip(samples, summarise(samples), strict=True):
        assert found.mean == pytest.approx(np.mean(sample), rel=1e-12, abs=1e-9)
        if len(sample) == 1:
            assert found.deviation is found.low is found.high is None
        else:
            assert found.deviation == pytest.approx(np.std(sample, ddof=1), rel=1e-9, abs=1e-9)
            slack = 1e-9 * max(map(abs, sample)) + 1e-12
            assert min(sample) - slack <= found.low <= found.mean + slack
            assert found.mean - slack <= found.high <= max(sample) + slack


def test_an_interval_does_not_depend_on_the_rows_beside_it():
    rng = np.random.default_rng(0)
    samples = [rng.random(5).tolist() for _ in range(4)]
    assert [summarise([sample])[0] for sample in samples] == summarise(samples)


def test_the_interval_of_three_seeds_is_that_of_all_27_resamples():
    found = summarise([[1.0, 2.0, 4.0]])[0]
    every = sorted(np.mean([(a, b, c)]) for a in (1, 2, 4) for b in (1, 2, 4) for c in (1, 2, 4))
    # One resample of 27 is all of the smallest value: more than 2.5 %.
    assert (found.low, found.high) == (every[0], every[-1]) == (1, 4)


def test_intervals_of_many_seeds_hold_the_mean_19_times_in_20():
    samples = np.random.default_rng(3).normal(size=(400, 25)).tolist()
    covered = np.mean([one.low <= 0 <= one.high for one in summarise(samples)])
    assert 0.90 <= covered <= 0.97


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
@settings(max_examples=30, deadline=None)
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


def test_rows_without_variation_are_not_tested():
    assert np.isnan(welch([[1.0, 1.0], [2.0, 2.0]], [False, False])[0, 1])


def test_holm_of_a_textbook():
    """R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.2, 0.9), "holm")."""
    p = np.full((4, 4), np.nan)
    p[np.triu_indices(4, 1)] = [0.01, 0.04, 0.03, 0.005, 0.2, 0.9]
    corrected = holm(np.fmax(p, p.T))
    assert corrected[np.triu_indices(4, 1)] == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.4, 0.9])
    assert (np.isnan(corrected) == np.eye(4, dtype=bool)).all()


@given(p=st.lists(st.floats(0, 1) | st.just(math.nan), min_size=6, max_size=6))
@settings(deadline=None)
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


def test_ranks_count_the_rows_that_are_better():
    corrected = np.full((4, 4), np.nan)
    for a, b, p in [(0, 1, 0.5), (0, 2, 0.01), (1, 2, 0.2)]:
        corrected[a, b] = corrected[b, a] = p
    assert ranks(corrected, 0.05) == [1, 1, 2, None]


@pytest.mark.parametrize(("rows", "seeds"), [(2, 2), (8, 3), (5, 10)])
def test_tables_in_which_nothing_differs(rows, seeds):
    """A difference is declared anywhere in at most 5 % of 1,000 tables, give or take what 1,000 can tell."""
    rng = np.random.default_rng(11)
    declared = 0
    for table in rng.normal(1.6, 0.01, (1000, rows, seeds)):
        declared += bool((holm(welch(table.tolist(), [False] * rows)) <= 0.05).any())
    assert declared <= 64

"""Heaps of seeds, Fisher's test and the interval of Clopper and Pearson."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rnnbench.results.statistics.learned import clopper_pearson, fisher, threshold


def test_heaps_are_seen_where_a_row_lies_in_both():
    split = [[1.0, 0.99, 0.5], [0.5, 0.51, 0.49], [1.0, 0.98, 0.99]]
    assert 0.52 < threshold(split) < 0.98
    assert threshold(split[1:]) is None, "two rows that differ are no heaps"
    assert threshold([[1.0, 0.99, 0.98], [1.0, 0.99, 0.5]]) is None, "one seed that went astray"
    assert threshold([]) is threshold([[1.0]]) is None


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_one_heap_is_hardly_ever_taken_for_two(draw):
    rng = np.random.default_rng(0)
    tables = getattr(rng, draw)(size=(500, 8, 5)) + rng.normal(0, 3, (500, 8, 1))
    assert np.mean([threshold(table.tolist()) is not None for table in tables]) < 0.01


def test_fisher_is_that_of_scipy():
    found = fisher([(3, 3), (0, 3), (4, 5)], [False] * 3)
    assert found[0, 1] == pytest.approx(0.1)
    assert found[1, 2] == found[2, 1] == pytest.approx(stats.fisher_exact([[0, 3], [4, 1]]).pvalue)
    # What is counted does with every seed what it did with one.
    assert fisher([(3, 3), (0, 1)], [False, True])[0, 1] == pytest.approx(0.1)


def test_the_interval_of_a_share():
    """C. Clopper and E. Pearson: 0 of n has the upper end 1 - (0.025)^(1/n)."""
    assert clopper_pearson(0, 3) == pytest.approx((0, 1 - 0.025 ** (1 / 3)))
    assert clopper_pearson(3, 5) == pytest.approx((stats.beta.ppf(0.025, 3, 3), stats.beta.ppf(0.975, 4, 2)))

"""What can be seen with so many seeds, held against J. Cohen's tables and simulated rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rnnbench.results.statistics import power as power_module
from rnnbench.results.statistics.power import detectable, power


@pytest.fixture
def never_skewed(monkeypatch):
    monkeypatch.setattr(power_module, "SKEWED", np.inf)


@pytest.mark.usefixtures("never_skewed")
def test_power_of_a_table():
    """J. Cohen, 1988, table 2.3.5 (5 %, two-sided): n = 20, d = 0.80 has 69 %; n = 10, d = 1.00 has 56 %."""
    assert power(0.8, 20) == pytest.approx(0.69, abs=0.005)
    assert power(1.0, 10) == pytest.approx(0.56, abs=0.01)


@pytest.mark.parametrize(("seeds", "pairs"), [(3, 1), (3, 28), (5, 7), (5, 28)])
def test_what_is_detectable_is_seen_in_4_of_5_cases(seeds, pairs):
    """Of the rows that look skewed, as many as tables of any size would, t has fewer degrees of freedom."""
    distance = detectable(seeds, pairs)
    rows = np.random.default_rng(0).normal(size=(2, 4000, seeds))
    found = stats.ttest_ind(rows[0], rows[1] + distance, axis=1, equal_var=False)
    cautious = 2 * stats.t.sf(np.abs(found.statistic), seeds - 1)
    share = 2 * stats.norm.sf(1)
    seen = [np.mean(p <= 0.05 / pairs) for p in (found.pvalue, cautious)]
    assert (1 - share) * seen[0] + share * seen[1] == pytest.approx(0.8, abs=0.02)


def test_fewer_pairs_and_more_seeds_see_more():
    assert detectable(10, 7) < detectable(5, 7) < detectable(5, 28) < detectable(3, 28)

"""Aggregates over tasks, held against their definitions and Demsar's worked example."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rnnbench.results.statistics.tasks import (
    critical_difference,
    interquartile_mean,
    mean_ranks,
    performance_profile,
    probability_of_improvement,
)

# J. Demsar, JMLR 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets. The last but one row is
# printed with two values of .975, which have the ranks 2 and 3 there.
DEMSAR = """
.763 .768 .771 .798
.599 .591 .590 .569
.954 .971 .968 .967
.628 .661 .654 .657
.882 .888 .886 .898
.936 .931 .916 .931
.661 .668 .609 .685
.583 .583 .563 .625
.775 .838 .866 .875
1.000 1.000 1.000 1.000
.940 .962 .965 .962
.619 .666 .614 .669
.972 .981 .97501 .975
.957 .978 .946 .970
"""


def test_the_example_of_demsar():
    scores = [list(map(float, line.split())) for line in DEMSAR.strip().splitlines()]
    found = critical_difference(scores)
    assert found.ranks == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.distance == pytest.approx(1.25, abs=5e-3)
    # 9.28 by the formula without ties; scipy corrects for them.
    plain = 12 * 14 / 20 * (sum(rank**2 for rank in found.ranks) - 4 * 25 / 4)
    assert plain == pytest.approx(9.28, abs=5e-3)
    assert found.p <= stats.chi2.sf(plain, 3)


def _scores(seed: int, shift: float = 0.0) -> list[list[float]]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=size) + shift).tolist() for size in (3, 4, 6)]


def test_the_interquartile_mean_is_that_of_the_pooled_scores():
    scores = [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 70.0]]
    found = interquartile_mean(scores)
    assert found.value == np.mean([2, 3, 4, 5])
    assert found.low < found.value < found.high


def test_a_performance_profile_is_the_share_of_runs_above_each_score():
    scores, thresholds = [[0.1, 0.5, 0.9], [0.4, 0.6]], [-1.0, 0.1, 0.45, 0.9, 2.0]
    found = performance_profile(scores, thresholds)
    wanted = [np.mean([np.mean(np.array(task) > x) for task in scores]) for x in thresholds]
    assert [one.value for one in found] == pytest.approx(wanted)
    assert all(one.low <= one.value <= one.high for one in found)
    assert (found[0].low, found[0].high, found[-1].low, found[-1].high) == (1, 1, 0, 0)


def test_probability_of_improvement_counts_pairs():
    found = probability_of_improvement([[1.0, 2.0], [5.0, 6.0]], [[1.0, 3.0], [0.0, 1.0]])
    assert found.value == pytest.approx((1.5 / 4 + 1) / 2)
    x, y = _scores(0), _scores(1)
    wanted = np.mean([stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)) for a, b in zip(x, y, strict=True)])
    one, other = probability_of_improvement(x, y), probability_of_improvement(y, x)
    assert one.value == pytest.approx(wanted)
    assert one.value + other.value == pytest.approx(1)
    assert one.low <= one.value <= one.high
    assert probability_of_improvement(_scores(0, 100), y).low == 1


def test_mean_ranks_add_up_and_order_clear_models():
    found = mean_ranks([_scores(0, 20), _scores(1), _scores(2, 10)])
    assert [one.value for one in found] == [1, 3, 2]
    assert [(one.low, one.high) for one in found] == [(1, 1), (3, 3), (2, 2)]
    alike = mean_ranks([_scores(seed) for seed in range(4)])
    assert sum(one.value for one in alike) == pytest.approx(10)
    assert all(1 <= one.low <= one.value <= one.high <= 4 for one in alike)


def test_seeds_are_drawn_within_their_task():
    """Tasks on scales far apart: were seeds drawn across tasks, the mean would stray by the scales."""
    found = interquartile_mean([[0.0, 0.1, 0.2], [1000.0, 1000.1, 1000.2]])
    assert found.high - found.low < 0.3

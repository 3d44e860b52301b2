"""Paired tests: two systems on the same test items, every item scored for both."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
CorpusMetric = Callable[[Floats], Floats]
"""Sums over items ``(..., K)`` -> the metric ``(...)``."""

# A multiple of 32, because numpy draws booleans from words of 32 bits: in parts or at once, the draws are the same.
_AT_ONCE = 256
# Values that are equal but for the order in which they were added up.
_ROUNDING = 1e-12


def approximate_randomisation(items: Floats, metric: CorpusMetric, trials: int = 10_000, seed: int = 12345) -> Floats:
    """Swaps the outputs of two systems on random items; p is how often the metrics then differ as much as they do.

        p = (1 + #{|difference of shuffled systems| >= |difference|}) / (1 + trials)

    E. Noreen, Computer-Intensive Methods for Testing Hypotheses, 1989; S. Riezler, J. Maxwell, On Some Pitfalls in
    Automatic Evaluation and Significance Testing for MT, ACL workshop 2005. The draws are those of sacreBLEU, which
    counts ``>`` alone and so finds that a system differs from itself.

    Args:
        items: What the items contribute to the sums, for M systems: ``(M, N, K)``.
        metric: The metric of the sums.
        trials: Number of shuffles.
        seed: Seed of the draws.

    Returns:
        Two-sided p values of all pairs, ``(M, M)``.
    """
    systems, size, columns = items.shape
    pairs = list(itertools.combinations(range(systems), 2))
    first, second = (list(side) for side in zip(*pairs, strict=True)) if pairs else ([], [])
    totals = items.sum(axis=1)
    actual = _apart(metric, totals[first], totals[second])
    slack = _ROUNDING * np.maximum(np.abs(metric(totals[first])), np.abs(metric(totals[second])))
    columns_of_all = items.transpose(1, 0, 2).reshape(size, -1)
    rng = np.random.default_rng(seed)
    reached = np.zeros(len(pairs), dtype=np.int64)
    for start in range(0, trials, _AT_ONCE):
        stays = rng.integers(2, size=(min(_AT_ONCE, trials - start), size), dtype=bool)
        kept = (stays.astype(np.float64) @ columns_of_all).reshape(len(stays), systems, columns)
        gap = kept[:, first] - kept[:, second]
        reached += (_apart(metric, totals[second] + gap, totals[first] - gap) >= actual - slack).sum(axis=0)
    return _square((reached + 1) / (trials + 1), pairs, systems)


def mcnemar(right: NDArray[np.bool_]) -> Floats:
    """McNemar's exact test: of the items that one system alone has right, are as many the one's as the other's?

    Q. McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 1947.

    Args:
        right: Which items each of M systems has right, ``(M, N)``.

    Returns:
        Two-sided p values of all pairs, ``(M, M)``.
    """
    pairs = list(itertools.combinations(range(len(right)), 2))
    found = []
    for a, b in pairs:
        only_a, only_b = int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())
        found.append(stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0)
    return _square(np.array(found), pairs, len(right))


def _apart(metric: CorpusMetric, a: Floats, b: Floats) -> Floats:
    return np.abs(metric(a) - metric(b))


def _square(values: Floats, pairs: list[tuple[int, int]], size: int) -> Floats:
    square = np.ones((size, size))
    for (a, b), value in zip(pairs, values, strict=True):
        square[a, b] = square[b, a] = value
    return square

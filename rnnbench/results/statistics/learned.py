"""Tasks that a run learns or does not: the seeds of a row lie in two heaps, and a mean of them says little.

A t test takes three seeds that all learned for values without noise: of eight equal models that each learn every other
time, Welch's test tells some apart in four tables of ten. What can be compared is how many seeds learned.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

# The empty space between the heaps, in standard deviations within them.
_APART = 6.0
# One seed that went astray makes no second heap.
_LEAST = 2
_LEVEL = 0.05


def threshold(samples: Sequence[Sequence[float]]) -> float | None:
    """The middle between two heaps of values; None where the values form one, or every row lies in one of them.

    The widest gap between neighbouring values counts if some row has seeds on both sides of it, two values or more lie
    on either side, and it is six times as wide as values vary within a row on one side.

    Args:
        samples: Values over the seeds, of all rows that are tested.
    """
    rows = [np.asarray(sample, dtype=np.float64) for sample in samples]
    values = np.sort(np.concatenate([*rows, np.empty(0)]))
    if len(values) < 2 * _LEAST:
        return None
    place = int(np.argmax(np.diff(values)))
    gap, middle = float(values[place + 1] - values[place]), float(values[place] + values[place + 1]) / 2
    if min(place + 1, len(values) - place - 1) < _LEAST:
        return None
    if not any((row > middle).any() and (row < middle).any() for row in rows):
        return None
    sides = [side for row in rows for side in (row[row > middle], row[row < middle]) if len(side) > 1]
    freedom = sum(len(side) - 1 for side in sides)
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in sides)
    return middle if freedom and gap > _APART * (squares / freedom) ** 0.5 else None


def fisher(counts: Sequence[tuple[int, int]], exact: Sequence[bool]) -> Floats:
    """Fisher's exact test between all pairs of rows: do as many seeds of the one learn as of the other?

    R. A. Fisher, The Design of Experiments, 1935.

    Args:
        counts: Seeds that learned, and seeds, of k rows.
        exact: Which rows have no noise: with each seed of the row beside them, they would do the same.

    Returns:
        Two-sided p values ``(k, k)``.
    """
    found = np.ones((len(counts), len(counts)))
    for a, b in itertools.combinations(range(len(counts)), 2):
        (right, seeds), (other_right, other_seeds) = counts[a], counts[b]
        if exact[a]:
            right, seeds = (other_seeds if right else 0), other_seeds
        elif exact[b]:
            other_right, other_seeds = (seeds if other_right else 0), seeds
        found[a, b] = found[b, a] = _fisher(right, seeds, other_right, other_seeds)
    return found


def clopper_pearson(learned: int, seeds: int) -> tuple[float, float]:
    """95 % interval of the probability that a seed learns.

    C. Clopper and E. Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934.

    Args:
        learned: Seeds that learned.
        seeds: All seeds.
    """
    interval = stats.binomtest(learned, seeds).proportion_ci(1 - _LEVEL, method="exact")
    return float(interval.low), float(interval.high)


@functools.cache
def _fisher(learned: int, seeds: int, other_learned: int, other_seeds: int) -> float:
    table = [[learned, seeds - learned], [other_learned, other_seeds - other_learned]]
    return float(stats.fisher_exact(table).pvalue)

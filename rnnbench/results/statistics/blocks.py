"""Test items that are pieces of one stream depend on their neighbours: they are resampled in long blocks."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_BLOCKS = 20
"""From how many independent items on a paired test says anything: of fewer, chance decides. So many blocks are cut."""
_RATIO = 2


def in_blocks(items: Floats) -> Floats:
    """The items, or sums over long blocks of neighbours where neighbours have differences in common.

    The windows of a language model follow each other in a text, and two models differ alike on neighbouring windows. As
    if they were independent, the variance of the difference is too small by a factor of 3 to 6. Long blocks keep what
    hangs together in one, and 20 of them leave a test as sharp as one of a t with 19 degrees of freedom.

    H. Kuensch, The Jackknife and the Bootstrap for General Stationary Observations, Annals of Statistics 1989.

    Args:
        items: What the items contribute to the sums, in their order, for M systems: ``(M, N, K)``.

    Returns:
        The same, or ``(M, 20, K)``.
    """
    if not _depend(items):
        return items
    starts = np.linspace(0, items.shape[1], MIN_BLOCKS, endpoint=False).astype(np.int64)
    return np.add.reduceat(items, starts, axis=1)


def _depend(items: Floats) -> bool:
    """Whether the differences of two systems have something in common from item to item, on average over all pairs."""
    systems, size, columns = items.shape
    if size < 2 * MIN_BLOCKS or systems < 2:
        return False
    # Of the counts of BLEU, words that match and words.
    score, weight = (0, 1) if columns == _RATIO else (2, 6)
    totals = items.sum(axis=1)
    found = []
    for a, b in itertools.combinations(range(systems), 2):
        gaps = [items[i, :, score] * totals[i, weight] - items[i, :, weight] * totals[i, score] for i in (a, b)]
        scale = [totals[i, weight] or 1.0 for i in (a, b)]
        gap = gaps[0] / scale[0] - gaps[1] / scale[1]
        square = float(gap @ gap)
        found.append(float(gap[1:] @ gap[:-1]) / square if square > 0 else 0.0)
    # No threshold: a weak correlation that is missed does harm over a long document, and blocks do no harm at all.
    return sum(found) > 0

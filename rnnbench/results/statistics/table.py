"""Many tests in one table: Holm's correction, ranks as intervals, and letters."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LETTERS = string.ascii_lowercase
"""A table that would need more sets of rows has none."""


class Rank(NamedTuple):
    """Where a row may stand: all places that the tests do not rule out."""

    first: int
    """1, and 1 more for every row that is better by more than the noise."""
    last: int
    """The number of rows, less those that are worse by more than the noise."""

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


def holm(p: Floats) -> Floats:
    """Holm's correction, which bounds the chance of any false difference among all pairs of a table.

        p'_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)),    p_(1) <= ... <= p_(m)

    S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.

    Args:
        p: ``(k, k)``, symmetric; NaN for a pair that was not tested. The diagonal is not looked at.

    Returns:
        ``(k, k)``, NaN where ``p`` is and on the diagonal.
    """
    above = np.triu_indices(len(p), 1)
    found = p[above]
    tested = np.flatnonzero(~np.isnan(found))
    order = tested[np.argsort(found[tested], kind="stable")]
    corrected = np.full(len(found), np.nan)
    corrected[order] = np.minimum(1, np.maximum.accumulate(found[order] * np.arange(len(order), 0, -1)))
    square = np.full(p.shape, np.nan)
    square[above] = corrected
    square.T[above] = corrected
    return square


def ranks(apart: Bools, tested: Sequence[bool]) -> list[Rank | None]:
    """Rank of each row as an interval; with all pairs tested at one level, all hold at once at that level.

    M. Mogstad, J. Romano, A. Shaikh and D. Wilhelm, Inference for Ranks, Review of Economic Studies 2024.

    Args:
        apart: Which pairs were told apart ``(k, k)``; the rows are sorted, the best first.
        tested: Which rows could be tested.

    Returns:
        None for a row that could not.
    """
    count = sum(tested)
    better, worse = np.triu(apart, 1).sum(axis=0), np.triu(apart, 1).sum(axis=1)
    return [
        Rank(1 + int(above), count - int(below)) if was_tested else None
        for above, below, was_tested in zip(better, worse, tested, strict=True)
    ]


def letters(apart: Bools, tested: Sequence[bool]) -> list[str] | None:
    """Compact letter display: two rows share a letter exactly where the tests do not tell them apart.

    H.-P. Piepho, An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons, Journal of Computational
    and Graphical Statistics 2004: a set that holds a pair that was told apart is split in two, and sets within others
    are dropped.

    Args:
        apart: Which pairs were told apart ``(k, k)``, the best row first.
        tested: Which rows could be tested; the others have no letter.

    Returns:
        The letters of each row; None where more would be needed than there are.
    """
    rows = frozenset(row for row, was_tested in enumerate(tested) if was_tested)
    sets = [rows]
    for a, b in zip(*(side.tolist() for side in np.nonzero(np.triu(apart, 1))), strict=True):
        split = [part for one in sets for part in ([one - {a}, one - {b}] if {a, b} <= one else [one])]
        distinct = list(dict.fromkeys(split))
        sets = [one for one in distinct if one and not any(one < other for other in distinct)]
        if len(sets) > 4 * len(LETTERS):
            return None
    if len(sets) > len(LETTERS):
        return None
    sets.sort(key=sorted)
    return ["".join(sign for sign, one in zip(LETTERS, sets, strict=False) if row in one) for row in range(len(tested))]

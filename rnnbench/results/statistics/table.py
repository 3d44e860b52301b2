"""Many tests in one table: Holm's correction, and ranks with ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


def ranks(corrected: Floats, level: float) -> list[int | None]:
    """Rank of each row: 1, and 1 more for every row that is better by more than the noise.

    Args:
        corrected: Corrected p values of all pairs ``(k, k)``, the rows sorted, the best first; NaN where not tested.
        level: How often a table of equal rows may show a difference.

    Returns:
        The ranks; None for a row that was tested against no other.
    """
    better = np.triu(corrected <= level, 1).sum(axis=0)
    return [None if np.isnan(p).all() else 1 + int(count) for count, p in zip(better, corrected.T, strict=True)]

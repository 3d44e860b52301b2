"""Which unit tells two classes apart by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class UnitRule(NamedTuple):
    """A unit and a threshold: class 1 is above it, or below it."""

    unit: int
    threshold: float
    sign: int
    """1 where class 1 is above, -1 where it is below."""
    right: int
    """Texts that it was chosen by, and that it classifies rightly."""


def best_unit(values: NDArray[np.floating], classes: NDArray[np.int64]) -> UnitRule:
    """The unit which, with one threshold, classifies most texts rightly; of equal ones the first.

    A threshold lies in the middle between two values that follow each other, or below all of them.

    Args:
        values: Units after each text ``(N, U)``.
        classes: ``(N,)``: 0 or 1.
    """
    best = UnitRule(0, 0.0, 1, -1)
    ones = int(classes.sum())
    for unit in range(values.shape[1]):
        order = np.argsort(values[:, unit], kind="stable")
        column = values[order, unit].astype(np.float64)
        # Of a threshold below the k-th smallest value: class 0 below it and class 1 above it.
        below = np.concatenate([[0], np.cumsum(2 * (classes[order] == 0) - 1)])
        right = ones + below
        # Between equal values no threshold fits.
        fits = np.concatenate([[True], column[1:] > column[:-1], [False]])
        for sign, found in ((1, right), (-1, len(classes) - right)):
            place = int(np.argmax(np.where(fits, found, -1)))
            if found[place] > best.right:
                edge = column[0] - 1.0 if place == 0 else (column[place - 1] + column[place]) / 2
                best = UnitRule(unit, float(edge), sign, int(found[place]))
    return best

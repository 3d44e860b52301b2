"""Vectors in the plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def principal_axes(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors ``(N, D)`` along their two principal axes ``(N, 2)``."""
    centred = vectors - vectors.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    known = min(2, len(values))
    # An axis is one up to its sign.
    signs = np.where(left[np.abs(left[:, :known]).argmax(0), np.arange(known)] < 0, -1, 1)
    places[:, :known] = left[:, :known] * values[:known] * signs
    return places

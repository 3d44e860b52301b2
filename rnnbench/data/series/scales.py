"""What a series measures itself by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def scale_of(values: NDArray[np.float64], season: int) -> tuple[float, float, float, float]:
    """Mean, standard deviation, mean absolute value, and the mean absolute error of the seasonal naive forecast.

    Missing values count nowhere; the standard deviation is that of the values as a population, as papers that
    standardise take it.

    Args:
        values: Those of training ``(T,)``.
        season: Steps of a season.

    Returns:
        NaN for what there is not: all of a series without a value, the last of a series that repeats itself.
    """
    there = values[~np.isnan(values)]
    if not len(there):
        return (np.nan,) * 4
    changes = np.abs(values[season:] - values[:-season])
    changes = changes[~np.isnan(changes)]
    naive = float(changes.mean()) if len(changes) else np.nan
    return float(there.mean()), float(there.std()), float(np.abs(there).mean()), naive if naive > 0 else np.nan


def scales_of(values: Sequence[NDArray[np.float64]], season: int) -> NDArray[np.float64]:
    """`scale_of` each series ``(N, 4)``."""
    return np.array([scale_of(one, season) for one in values], dtype=np.float64).reshape(len(values), 4)

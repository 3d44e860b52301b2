"""What a time series is: values at equal steps of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Start = Any
"""Time of the first value: a `pandas.Timestamp`, or an `int` where steps are only numbered."""


@dataclass(frozen=True)
class Series:
    """One series over T steps, without a gap in time; a value that is not there is NaN.

    Args:
        name: What it is called.
        start: Time of the first value.
        values: What is to be forecast ``(T,)`` float64.
        known: Covariates known in advance, such as holidays ``(T, K)``.
        seen: Covariates that are known only once they have happened, such as the weather ``(T, P)``.
        static: Numbers that say something of the whole series ``(S,)``.
    """

    name: str
    start: Start
    values: NDArray[np.float64]
    known: NDArray[np.float64]
    seen: NDArray[np.float64]
    static: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class SeriesTable:
    """Series of one frequency.

    Args:
        frequency: The step of time as pandas names it (``h``, ``W-SAT``, ``MS``), or a whole number where steps are
            only numbered.
        series: At least one.
        known: Names of the covariates known in advance.
        seen: Names of the others.
        static: Names of the numbers of a whole series.
    """

    frequency: str
    series: tuple[Series, ...]
    known: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether any value is not there."""
        return any(bool(np.isnan(part).any()) for one in self.series for part in (one.values, one.known, one.seen))


def stamps(start: Start, frequency: str, count: int) -> pd.Index:
    """The times of ``count`` steps from ``start`` on."""
    import pandas as pd

    if frequency.isdigit():
        return pd.RangeIndex(int(start), int(start) + count * int(frequency), int(frequency))
    return pd.date_range(start, periods=count, freq=frequency)

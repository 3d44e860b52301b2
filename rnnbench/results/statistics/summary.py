"""A metric over the seeds of a row, in numbers. Imports nothing, so that a table of single runs needs no numpy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Values of one metric over the seeds of a row.

    Args:
        mean: Their mean.
        deviation: Their sample standard deviation; None for a single one.
        low: Lower end of the 95 % bootstrap interval of the mean; None for a single value.
        high: Its upper end.
    """

    mean: float
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

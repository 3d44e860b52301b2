"""A metric over the seeds of a row, in numbers. Imports nothing, so that a table of single runs needs no numpy."""

from __future__ import annotations

from dataclasses import dataclass

MIN_SEEDS = 3
"""From how many seeds on a row has an interval and a rank: of two, one cannot tell noise from luck."""


@dataclass(frozen=True)
class Summary:
    """Values of one metric over the seeds of a row.

    Args:
        mean: Their mean.
        deviation: Their sample standard deviation; None for a single one.
        low: Lower end of the 95 % interval of the mean; None with fewer than `MIN_SEEDS` values.
        high: Its upper end.
    """

    mean: float
    deviation: float | None = None
    low: float | None = None
    high: float | None = None

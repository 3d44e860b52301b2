"""How large a difference has to be to be seen."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from rnnbench.results.statistics.seeds import SKEWED

Floats = NDArray[np.float64]

LEVEL = 0.05
POWER = 0.8
_SHARES = 100


def power(distance: float, seeds: int, pairs: int = 1) -> float:
    """How often two rows of normal seeds are told apart whose means are so far apart, in deviations of the seeds.

    The mean over all that the two sample deviations s and r may be, of the probability that

        |x - y| > t(df) sqrt((s^2 + r^2) / n),    df = (n - 1) (s^2 + r^2)^2 / (s^4 + r^4)

    at a level of 5 % over the number of pairs; and with df = n - 1 in the tables that look skewed by chance. It is what
    the hardest step of Holm's method asks for; where other pairs of the table differ, too, somewhat less will do.

    Args:
        distance: Difference of the means.
        seeds: Seeds of each row, two or more.
        pairs: Pairs that are tested together.
    """
    shift = distance * (seeds / 2) ** 0.5
    seen = (stats.norm.sf(critical - shift) + stats.norm.cdf(-critical - shift) for critical in _critical(seeds, pairs))
    skewed = 2 * stats.norm.sf(SKEWED)
    return sum(share * float(found.mean()) for share, found in zip((1 - skewed, skewed), seen, strict=True))


@functools.cache
def detectable(seeds: int, pairs: int = 1) -> float:
    """The difference that is seen in four of five cases, in standard deviations of the seeds.

    Args:
        seeds: Seeds of each row, two or more.
        pairs: Pairs that are tested together.
    """
    upper = 1.0
    while power(upper, seeds, pairs) < POWER:
        upper *= 2
    return float(optimize.brentq(lambda distance: power(distance, seeds, pairs) - POWER, 0.0, upper))


@functools.cache
def _critical(seeds: int, pairs: int) -> tuple[Floats, Floats]:
    """How far apart means must lie in true standard errors, for pairs of sample variances that are equally probable.

    Returns:
        By Welch's degrees of freedom, and by those of one row.
    """
    shares = (np.arange(_SHARES) + 0.5) / _SHARES
    variance = stats.chi2.ppf(shares, seeds - 1) / (seeds - 1)
    one, other = variance[:, None], variance
    freedom = (seeds - 1) * (one + other) ** 2 / (one**2 + other**2)
    spread, level = np.sqrt((one + other) / 2), LEVEL / pairs / 2
    return stats.t.isf(level, freedom) * spread, stats.t.isf(level, seeds - 1) * spread

"""What several seeds of the same run say: mean, deviation, interval, and Welch's test between rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rnnbench.results.statistics.summary import Summary

Floats = NDArray[np.float64]

_RESAMPLES = 1999


def summarise(samples: Sequence[Sequence[float]]) -> list[Summary]:
    """Mean, deviation and 95 % percentile bootstrap interval of each sample.

    The interval cannot reach beyond the values seen, so that of two or three seeds covers the true mean less often than
    19 times in 20; tests do not rely on it. B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993.

    Args:
        samples: Values over the seeds, of many rows, each at least one. Where one is not finite there is no interval.
    """
    summaries = [Summary(sum(sample) / len(sample)) for sample in samples]
    for size in {len(sample) for sample in samples if len(sample) > 1}:
        chosen = [i for i, sample in enumerate(samples) if len(sample) == size and _finite(sample)]
        if not chosen:
            continue
        values = np.array([samples[i] for i in chosen], dtype=np.float64)
        # Every sample is resampled by the same draws: an interval does not depend on the rows beside it.
        interval = stats.bootstrap(
            (values,),
            np.mean,
            axis=-1,
            n_resamples=_RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        deviations = values.std(axis=-1, ddof=1)
        for i, deviation, low, high in zip(chosen, deviations, interval.low, interval.high, strict=True):
            summaries[i] = Summary(math.fsum(samples[i]) / size, float(deviation), float(low), float(high))
    return summaries


def welch(samples: Sequence[Sequence[float]], exact: Sequence[bool]) -> Floats:
    """Welch's two-sided t test between all pairs of rows.

    B. L. Welch, The generalization of "Student's" problem when several different population variances are involved,
    Biometrika 1947. Against a row without noise it is Student's one-sample test.

    Args:
        samples: Values over the seeds, of k rows.
        exact: Which rows have no noise: a model that is counted has the same value with every seed.

    Returns:
        ``(k, k)``, NaN where there is nothing to measure the noise by: a single seed, or no variation in either row.
    """
    mean = [float(np.mean(sample)) for sample in samples]
    known = [None if certain else sample for sample, certain in zip(samples, exact, strict=True)]
    # With no deviation, the number of values has no influence.
    size = [2 if sample is None else len(sample) for sample in known]
    return welch_of_summaries(mean, [0.0 if sample is None else _deviation(sample) for sample in known], size)


def welch_of_summaries(means: Sequence[float], deviations: Sequence[float], sizes: Sequence[int]) -> Floats:
    """`welch` where only means, sample standard deviations and numbers of seeds are known: it depends on no more.

    Args:
        means: Of k rows.
        deviations: 0 for a row without noise, NaN for one of a single seed.
        sizes: Numbers of seeds.

    Returns:
        ``(k, k)``; see `welch`.
    """
    mean, deviation, size = (np.asarray(values, dtype=np.float64) for values in (means, deviations, sizes))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = stats.ttest_ind_from_stats(
            mean[:, None], deviation[:, None], size[:, None], mean, deviation, size, equal_var=False
        ).pvalue
    return np.where((deviation[:, None] == 0) & (deviation == 0), np.nan, found)


def _deviation(sample: Sequence[float]) -> float:
    return float(np.std(sample, ddof=1)) if len(sample) > 1 and _finite(sample) else math.nan


def _finite(sample: Sequence[float]) -> bool:
    return all(map(math.isfinite, sample))

"""Models over several tasks: aggregates with intervals over the seeds of every task, and critical differences.

R. Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021 (`rliable`);
J. Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 2006. Scores are such that higher is
better and that tasks may be pooled: put them on one scale first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Tasks = Sequence[Sequence[float]]
"""The scores of a model: for each task, those of its seeds."""

_RESAMPLES = 2000
_LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % percentile interval of the stratified bootstrap: seeds are drawn within each task."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Args:
        ranks: Mean rank of each model over the tasks; 1 is best.
        p: P value of Friedman's test that all models are alike.
        distance: Nemenyi: models whose mean ranks are further apart than this differ.
    """

    ranks: list[float]
    p: float
    distance: float


def interquartile_mean(model: Tasks) -> Estimate:
    """Mean of the middle half of all scores, of all tasks and seeds together.

    Args:
        model: Scores of a model; two seeds or more for each task.
    """

    def statistic(*tasks: Floats, axis: int = -1) -> Floats:
        return stats.trim_mean(np.concatenate(tasks, axis=axis), 0.25, axis=axis)

    return _bootstrap(model, statistic)


def performance_profile(model: Tasks, thresholds: Sequence[float]) -> list[Estimate]:
    """For each threshold the share of runs whose score is above it, tasks counting alike.

        F(x) = mean over tasks of  (1 / n) #{score of a seed > x}

    Args:
        model: Scores of a model; two seeds or more for each task.
        thresholds: The scores x.
    """

    def statistic(*tasks: Floats, axis: int = -1) -> Floats:
        # Each is (..., seeds); thresholds come first.
        places = np.reshape(thresholds, (-1, *[1] * tasks[0].ndim))
        return np.mean([(task > places).mean(axis=axis) for task in tasks], axis=0)

    data = [np.asarray(sample, dtype=np.float64) for sample in model]
    interval = _interval(data, statistic)
    return [Estimate(*map(float, three)) for three in zip(statistic(*data), interval.low, interval.high, strict=True)]


def probability_of_improvement(model: Tasks, other: Tasks) -> Estimate:
    """How probably a run of a model beats one of the other on the same task, averaged over tasks; a tie is half.

        P = mean over tasks of  (1 / mn) sum_ij [x_i > y_j] + [x_i = y_j] / 2

    Args:
        model: Scores of the model; two seeds or more for each task.
        other: Scores of the other on the same tasks.
    """
    count = len(model)

    def statistic(*tasks: Floats, axis: int = -1) -> Floats:
        wins = []
        # Each is (..., seeds): the bootstrap puts its resamples in front.
        for x, y in zip(tasks[:count], tasks[count:], strict=True):
            gap = np.moveaxis(x, axis, -1)[..., :, None] - np.moveaxis(y, axis, -1)[..., None, :]
            wins.append(((gap > 0) + (gap == 0) / 2).mean(axis=(-2, -1)))
        return np.mean(wins, axis=0)

    return _bootstrap([*model, *other], statistic)


def mean_ranks(models: Sequence[Tasks]) -> list[Estimate]:
    """Mean rank of each model over the tasks by its mean score, 1 for the best.

    Args:
        models: Scores of each model; two seeds or more for each task.
    """
    tasks = len(models[0])

    def statistic(*scores: Floats, axis: int = -1) -> Floats:
        means = np.stack([score.mean(axis=axis) for score in scores])
        means = means.reshape(len(models), tasks, *means.shape[1:])
        return stats.rankdata(-means, axis=0).mean(axis=1)

    pooled = [np.asarray(sample, dtype=np.float64) for model in models for sample in model]
    interval = _interval(pooled, statistic)
    values = statistic(*pooled)
    return [Estimate(*map(float, three)) for three in zip(values, interval.low, interval.high, strict=True)]


def critical_difference(scores: Sequence[Sequence[float]]) -> CriticalDifference:
    """Friedman's test, and the distance of mean ranks that counts by Nemenyi's.

        CD = q sqrt(k (k + 1) / 6N),    q the upper 5 % point of the studentised range of k, over sqrt 2

    Args:
        scores: A score for each of N tasks and k models, ``(N, k)``, three models or more.
    """
    table = np.asarray(scores, dtype=np.float64)
    tasks, models = table.shape
    quantile = stats.studentized_range.isf(_LEVEL, models, np.inf) / np.sqrt(2)
    return CriticalDifference(
        ranks=stats.rankdata(-table, axis=1).mean(axis=0).tolist(),
        p=float(stats.friedmanchisquare(*table.T).pvalue),
        distance=float(quantile * np.sqrt(models * (models + 1) / (6 * tasks))),
    )


def _bootstrap(samples: Tasks, statistic: Callable[..., Any]) -> Estimate:
    data = [np.asarray(sample, dtype=np.float64) for sample in samples]
    interval = _interval(data, statistic)
    return Estimate(float(statistic(*data)), float(interval.low), float(interval.high))


def _interval(data: Sequence[Floats], statistic: Callable[..., Any]) -> Any:
    return stats.bootstrap(
        tuple(data),
        statistic,
        n_resamples=_RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(0),
    ).confidence_interval

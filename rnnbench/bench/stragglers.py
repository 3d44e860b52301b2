"""How much longer the slowest of P processes has to compute than the mean, by the lengths of a real data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.bench.many_processes import expected_maximum
from rnnbench.bench.training_step import instantiate
from rnnbench.data.batches.bucket import Budget, Samples, TrainingBatches
from rnnbench.errors import UserError
from rnnbench.tasks.base import BucketedData


class Slowest(NamedTuple):
    """The slowest of P processes over the mean of all, if a batch takes as long as it has places, padding included."""

    at_random: float
    """Where every process draws its batch for itself."""
    neighbours: float | None
    """Where batches of about equal length make a step, as `TrainingBatches` deals them; None where an epoch has not
    as many batches."""


def lengths_of(words: Sequence[str]) -> ArrayLike:
    """Lengths of the training split of a preset; to be called in a fresh process.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.

    Raises:
        UserError: Its samples have no lengths.
    """
    _, data = instantiate(words)
    if not isinstance(data, BucketedData):
        raise UserError("its samples have no lengths of their own", where=words[0])
    data.prepare_data()
    data.setup("fit")
    return np.asarray(data.splits["train"].lengths)


def slowest(lengths: ArrayLike, budget: Budget, processes: Sequence[int]) -> dict[int, Slowest]:
    """The slowest of so many processes over the mean.

    Args:
        lengths: Length of each sample ``(N,)``, or lengths ``(N, K)``.
        budget: Size of a batch.
        processes: Numbers of processes.
    """
    columns = np.atleast_2d(np.asarray(lengths).T).T
    batches = TrainingBatches(columns, budget, seed=0)

    def places(batch: Samples) -> int:
        return len(batch) * int(columns[batch].max(0).sum())

    every = [places(batch) for batch in batches.epoch(0)]
    mean = float(np.mean(every))
    found = {}
    for number in processes:
        near = None
        if number <= len(every):
            full = [[*map(places, step)] for step in batches.steps(0, number) if len(step) == number]
            near = float(np.max(full, 1).mean() / np.mean(full))
        found[number] = Slowest(expected_maximum(every, number) / mean, near)
    return found

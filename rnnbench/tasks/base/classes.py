"""Sequences of which each has one class: their batches, and how many are given the right one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import SequenceBatch, pad
from rnnbench.data.batches.sequences import Sequences
from rnnbench.tasks.base.items import ItemValues, exact


class ClassifiedSequences:
    """The sequences of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        tokens: Ids ``(T,)`` of every sequence, 0 being padding.
        classes: Their classes ``(N,)`` int64.
    """

    def __init__(self, tokens: Sequences, classes: Tensor) -> None:
        self.tokens = tokens
        self.classes = classes

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each ``(N,)``."""
        return self.tokens.lengths

    def __call__(self, samples: list[int], epoch: int) -> SequenceBatch:
        """The batch of some sequences."""
        x, lengths = as_batch(self.tokens.take(samples))
        return SequenceBatch(x, lengths, self.classes[samples], torch.tensor(samples), int(lengths.sum()))


def as_batch(sequences: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Sequences of ids as ``(B, T)`` and their lengths ``(B,)``; T is at least 1, even where all are empty."""
    x, lengths = pad(sequences, 0)
    return (x if x.shape[1] else x.new_zeros(len(sequences), 1)), lengths


class CorpusClasses(ItemValues):
    """Of every sequence: the negative log-likelihood of its class, its class, and the class it was given."""

    def update(self, ids: Tensor, nats: Tensor, classes: Tensor, predicted: Tensor) -> None:  # type: ignore[override]
        """Enters some sequences.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sequence that counts for nothing.
            nats: Negative log-likelihood of their classes ``(B,)``.
            classes: Their classes ``(B,)``.
            predicted: The classes they were given ``(B,)``.
        """
        super().update(ids, torch.stack([exact(nats), exact(classes), exact(predicted)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics of `class_metrics`, and the number of sequences."""
        values = super().compute()
        return class_metrics(values[:, 0].tolist(), values[:, 1].long(), values[:, 2].long()), len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Accuracy: 1 for a sequence that is right, of 1."""
        right = values[:, 1] == values[:, 2]
        return "accuracy", torch.stack([right.double(), torch.ones_like(values[:, 0])], 1)


def class_metrics(nats: list[float], classes: Tensor, predicted: Tensor) -> dict[str, float]:
    """What classifiers report.

        F1_c = 2 |class c and given c| / (|class c| + |given c|)

    Args:
        nats: Negative log-likelihood of the class of each sequence, in nats.
        classes: Class of each sequence ``(N,)`` int64.
        predicted: The class it was given ``(N,)`` int64.

    Returns:
        ``accuracy``; ``macro_f1``, the mean of F1 over the classes that occur or were given; ``cross_entropy`` in nats.
    """
    size = int(torch.cat([classes, predicted]).max()) + 1
    is_class, given = classes.bincount(minlength=size), predicted.bincount(minlength=size)
    right = classes[classes == predicted].bincount(minlength=size)
    of_either = (is_class + given).double()
    f1 = (2 * right / of_either)[of_either > 0]
    return {
        "accuracy": int(right.sum()) / len(classes),
        "macro_f1": math.fsum(f1.tolist()) / len(f1),
        "cross_entropy": math.fsum(nats) / len(classes),
    }


def in_turn(classes: Sequence[int], most: int) -> list[int]:
    """Numbers of the first items of each class, the classes in turn.

    Args:
        classes: The class of each item.
        most: Most items.
    """
    of_class: dict[int, list[int]] = {}
    for number, one in enumerate(classes):
        of_class.setdefault(one, []).append(number)
    rounds = itertools.zip_longest(*(numbers[:most] for _, numbers in sorted(of_class.items())))
    return [number for row in rounds for number in row if number is not None][:most]

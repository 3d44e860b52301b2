"""Accuracy, macro F1 and cross-entropy of a whole split."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact


class CorpusClasses(ItemValues):
    """Of every text: the negative log-likelihood of its class, its class, and the class it was given."""

    def update(self, ids: Tensor, nats: Tensor, classes: Tensor, predicted: Tensor) -> None:  # type: ignore[override]
        """Enters some texts.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a text that counts for nothing.
            nats: Negative log-likelihood of their classes ``(B,)``.
            classes: Their classes ``(B,)``.
            predicted: The classes they were given ``(B,)``.
        """
        super().update(ids, torch.stack([exact(nats), exact(classes), exact(predicted)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics of `class_metrics`, and the number of texts."""
        values = super().compute()
        return class_metrics(values[:, 0].tolist(), values[:, 1].long(), values[:, 2].long()), len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Accuracy: 1 for a text that is right, of 1."""
        right = values[:, 1] == values[:, 2]
        return "accuracy", torch.stack([right.double(), torch.ones_like(values[:, 0])], 1)


def class_metrics(nats: list[float], classes: Tensor, predicted: Tensor) -> dict[str, float]:
    """What classifiers report.

        F1_c = 2 |class c and given c| / (|class c| + |given c|)

    Args:
        nats: Negative log-likelihood of the class of each text, in nats.
        classes: Class of each text ``(N,)`` int64.
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

"""How many texts are given the right class: by all units, by one, and by classifiers of fewer labels."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.base.classes import class_metrics

_NAMED = 5


class ProbeScores(ItemValues):
    """Of every text: what the classifier of all labels makes of it, the best unit and its verdict, other classifiers'.

    What single texts have is kept after `compute`, for pictures.
    """

    def __init__(self) -> None:
        super().__init__()
        self.classes: NDArray[np.int64] = np.empty(0, np.int64)
        """Class of each text ``(N,)``."""
        self.unit_values: NDArray[np.float64] = np.empty(0)
        """The best unit after each text ``(N,)``."""
        self.accuracies: list[float] = []
        """Accuracy of each of the K classifiers; that of all labels is the last one."""

    def update(  # type: ignore[override]
        self, ids: Tensor, nats: Tensor, classes: Tensor, given: Tensor, value: Tensor, by_unit: Tensor
    ) -> None:
        """Enters some texts.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a text that counts for nothing.
            nats: Negative log-likelihood of their classes ``(B,)``.
            classes: Their classes ``(B,)``.
            given: The classes that each of K classifiers gives them ``(B, K)``; the last one is that of all labels.
            value: The best unit ``(B,)``.
            by_unit: The classes that it gives them ``(B,)``.
        """
        named = (nats, classes, given[:, -1], value, by_unit)
        super().update(ids, torch.cat([torch.stack([exact(one) for one in named], 1), exact(given)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """Metrics by name, and the number of texts."""
        values = super().compute()
        nats, classes, given, unit, by_unit = values[:, :_NAMED].unbind(1)
        self.classes, self.unit_values = classes.long().cpu().numpy(), unit.cpu().numpy()
        right = values[:, _NAMED:] == classes[:, None]
        self.accuracies = [int(one) / len(values) for one in right.sum(0)]
        found = class_metrics(nats.tolist(), classes.long(), given.long())
        found["unit_accuracy"] = int((by_unit == classes).sum()) / len(values)
        return found, len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Accuracy: 1 for a text that is right, of 1."""
        right = values[:, 1] == values[:, 2]
        return "accuracy", torch.stack([right.double(), torch.ones_like(values[:, 0])], 1)

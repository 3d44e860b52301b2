"""Baselines that are computed from the whole training split at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnbench.data.batches.batch import SequenceBatch
from rnnbench.tasks.base import Spec
from rnnbench.tasks.sentiment.model import TextClassifier


class CountedClassifier(TextClassifier):
    """A model without an optimizer: when training starts it takes all texts of the training split.

    What it finds is kept in buffers, which are empty before. Subclasses write `tables`, `count` and `forward`.
    """

    baseline = True
    tables: Sequence[str]
    """Names of the buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    @abstractmethod
    def count(self, texts: Sequence[Tensor], classes: Tensor) -> Mapping[str, Tensor]:
        """The buffers by name.

        Args:
            texts: Ids ``(T,)`` of every text.
            classes: Their classes ``(N,)`` int64.
        """

    def build(self, spec: Spec) -> None:
        """Makes empty buffers."""
        for name in self.tables:
            self.register_buffer(name, torch.empty(0))

    def on_train_start(self) -> None:
        """Counts, once."""
        if not len(self.get_buffer(self.tables[0])):
            train = self._data().texts["train"]
            for name, table in self.count(train.tokens, train.classes).items():
                self.register_buffer(name, table.to(self.device))

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> None:  # type: ignore[override]
        """Nothing: all is counted."""

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Makes room for the tables, whose sizes only the checkpoint knows."""
        super().on_load_checkpoint(checkpoint)
        for name in self.tables:
            self.register_buffer(name, torch.empty_like(checkpoint["state_dict"][name]))

    def flops_per_token(self) -> float | None:
        """None: a look-up is no arithmetic."""
        return None

    def num_parameters(self) -> int:
        """Number of values that were found."""
        return sum(self.get_buffer(name).numel() for name in self.tables)

"""Baselines that look at the training split once, and have no optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch

from rnnbench.errors import UserError
from rnnbench.tasks.base.data import Spec, TaskData
from rnnbench.tasks.base.task import Task

D = TypeVar("D", bound=TaskData)


class CountingModel(Task[D]):
    """A model that is counted rather than trained: of the whole split when training starts, or batch by batch.

    What it finds is kept in buffers (`tables`), which are empty before. Subclasses write `tables` and one of
    `count_split` and `count_batch`. It comes first among the bases, before the application's own.
    """

    baseline = True
    tables: ClassVar[Sequence[str]]
    """Names of the buffers."""

    def __init__(self) -> None:
        super().__init__()
        # Lightning makes no step, and asks for no optimizer.
        self.automatic_optimization = False

    def count_split(self) -> Mapping[str, torch.Tensor]:
        """The buffers by name, of the whole training split; nothing where batches are counted."""
        return {}

    def count_batch(self, batch: Any) -> None:
        """Counts a batch of training."""

    def build(self, spec: Spec) -> None:
        """Makes empty buffers."""
        for name in self.tables:
            self.register_buffer(name, torch.empty(0))

    def setup(self, stage: str) -> None:
        """Refuses what would split the data."""
        if stage == "fit" and self.trainer.world_size > 1:
            raise UserError("a model that counts reads the training split in one process", hint="--trainer.devices 1")

    def on_train_start(self) -> None:
        """Counts the split, once: a run that goes on has its tables from the checkpoint."""
        if all(not self.get_buffer(name).numel() for name in self.tables):
            for name, table in self.count_split().items():
                self.register_buffer(name, table.to(self.device))

    def loss(self, batch: Any) -> None:
        """Counts the batch; nothing is to be learned from it."""
        self.count_batch(batch)

    def flops_per_token(self) -> float | None:
        """None: a look-up is no arithmetic."""
        return None

    def num_parameters(self) -> int:
        """Number of values that were found."""
        return sum(self.get_buffer(name).numel() for name in self.tables)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Makes room for the tables, whose sizes only the checkpoint knows."""
        super().on_load_checkpoint(checkpoint)
        for name in self.tables:
            self.register_buffer(name, torch.empty_like(checkpoint["state_dict"][name]))

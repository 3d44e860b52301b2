"""Evaluation with averaged weights, where the optimizer keeps such."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.platform.optimizers import NTASGD
from rnnbench.tasks.base import Task


class AveragedWeights(Callback):
    """Validates with the averages of `NTASGD`, and tells it the result; for other optimizers it does nothing.

    The best checkpoint of a run holds the averages as its weights. One to resume from holds the weights, and the
    averages in the state of the optimizer.
    """

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the averages in place of the weights."""
        _swap(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Puts the weights back, and passes the value on by which the best model is chosen."""
        _swap(trainer)
        if trainer.sanity_checking or not isinstance(pl_module, Task):
            return
        value = trainer.callback_metrics.get(pl_module.monitor)
        if value is None or not math.isfinite(value):
            return
        for optimizer in _averaging(trainer):
            optimizer.observe(float(value) if pl_module.monitor_mode == "min" else -float(value))


@contextmanager
def averaged(trainer: Trainer) -> Iterator[None]:
    """The model as it was validated, for as long as it takes to save it."""
    _swap(trainer)
    try:
        yield
    finally:
        _swap(trainer)


def _swap(trainer: Trainer) -> None:
    for optimizer in _averaging(trainer):
        optimizer.swap()


def _averaging(trainer: Trainer) -> list[NTASGD]:
    return [optimizer for optimizer in trainer.optimizers if isinstance(optimizer, NTASGD)]

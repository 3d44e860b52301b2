"""Ends a training when its budget is spent, be it in the middle of an epoch."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.errors import UserError
from rnnbench.platform.accounting import training_flops
from rnnbench.ranges import POSITIVE
from rnnbench.tasks.base import Task


class Budget(Callback):
    """Stops after the first batch that reaches the budget; the model is validated then, as after an epoch.

    Args:
        epochs: Passes over the training data, a fraction allowed; ``trainer.max_epochs`` may stop it earlier.
        flops: Floating-point operations of training, as ``result.json`` counts them.
        tuning: What was spent before on the choice of the options, in trainings of this length: four trials of a
            quarter are 1. It ends nothing; results are ranked only among those of equal effort.
    """

    def __init__(self, epochs: float | None = None, flops: float | None = None, tuning: float | None = None) -> None:
        for name, limit in (("epochs", epochs), ("flops", flops), ("tuning", tuning)):
            problem = None if limit is None else POSITIVE.complaint(limit)
            if problem is not None:
                raise UserError(problem, where=f"--budget.{name}")
        self.epochs = epochs
        self.flops = flops
        self.tuning = tuning
        self._tokens = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuses a budget of operations for a model whose operations are not counted."""
        if self.flops is not None and cast(Task, pl_module).flops_per_token() is None:
            raise UserError("the operations of this model are not counted", where="--budget.flops")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts the batch, and stops where the budget is spent."""
        if self.flops is not None:
            tokens = torch.tensor(batch.tokens, device=trainer.strategy.root_device)
            self._tokens += int(trainer.strategy.reduce(tokens, reduce_op="sum"))
        # Lightning counts the batch after this hook.
        done = trainer.fit_loop.epoch_loop.batch_progress.total.completed + 1
        # Within an accumulation there are gradients of which no step was made yet.
        whole = (batch_idx + 1) % trainer.accumulate_grad_batches == 0 or batch_idx + 1 == trainer.num_training_batches
        if whole and (self.spent(trainer, cast(Task, pl_module), done) or 0) >= 1:
            trainer.should_stop = True

    def spent(self, trainer: Trainer, task: Task, batches: int) -> float | None:
        """The share of the budget that is spent; None without a budget.

        Args:
            trainer: The trainer.
            task: The model.
            batches: Number of batches that are done.
        """
        shares = []
        if self.epochs is not None:
            shares.append(batches / (self.epochs * trainer.num_training_batches))
        if self.flops is not None:
            shares.append((training_flops(task.flops_per_token(), self._tokens) or 0.0) / self.flops)
        return max(shares, default=None)

    def limits(self) -> dict[str, float]:
        """What is allowed, by unit, and what the options have cost."""
        found = {"epochs": self.epochs, "flops": self.flops, "tuning": self.tuning}
        return {unit: limit for unit, limit in found.items() if limit is not None}

    def state_dict(self) -> dict[str, Any]:
        """The tokens so far."""
        return {"tokens": self._tokens}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self._tokens = state_dict["tokens"]

"""Stops a run whose gradient is no longer a number, before the weights are touched."""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim import Optimizer

from rnnbench.errors import UserError
from rnnbench.ranges import POSITIVE

# The scaler of float16 halves its factor of 65,536 at each: what is not finite after so many is so without a factor.
_SKIPPED_BY_A_SCALER = 32


class Divergence(UserError):
    """The gradient is not finite or beyond all bounds."""


class DivergenceGuard(Callback):
    """Looks at the norm of the whole gradient before each optimizer step, before it is clipped.

    Args:
        max_gradient_norm: A norm beyond this counts as exploded.
    """

    def __init__(self, max_gradient_norm: Annotated[float, POSITIVE] = 1e5) -> None:
        self.max_gradient_norm = max_gradient_norm
        self._batch = 0
        self._skipped = 0

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Notes which batch it is."""
        self._batch = batch_idx

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Raises `Divergence` in place of a step that would spoil the weights."""
        gradients = [parameter.grad for parameter in pl_module.parameters() if parameter.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        if trainer.precision == "16-mixed":
            # Its loss scaler meets infinities, and skips those steps by itself; a finite gradient may be in its units.
            self._skipped = 0 if math.isfinite(norm) else self._skipped + 1
            if self._skipped <= _SKIPPED_BY_A_SCALER:
                return
        elif norm <= self.max_gradient_norm:
            return
        what = f"has norm {norm:.3g}" if norm > self.max_gradient_norm else "is not a number"
        raise Divergence(
            f"the gradient {what} at step {trainer.global_step}, batch {self._batch} of epoch"
            f" {trainer.current_epoch}; the step was not taken",
            where=trainer.default_root_dir,
            hint="lower the learning rate, or clip: --trainer.gradient_clip_val 1",
        )

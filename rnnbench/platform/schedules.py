"""Learning-rate schedules that torch lacks."""

from __future__ import annotations

import math

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from rnnbench.errors import UserError


class DecayAfter(LRScheduler):
    """Keeps the learning rate for some epochs, then multiplies it by a factor after each.

        lr(epoch) = lr(0) * factor^max(0, epoch + 1 - constant_epochs),  epoch = 0, 1, ...

    W. Zaremba, I. Sutskever and O. Vinyals, Recurrent Neural Network Regularization, arXiv 1409.2329 (2014), section 4.

    Args:
        optimizer: The optimizer.
        constant_epochs: Number of epochs at the full rate.
        factor: What the rate is multiplied by in every further epoch.
    """

    def __init__(self, optimizer: Optimizer, constant_epochs: int, factor: float) -> None:
        self.constant_epochs = constant_epochs
        self.factor = factor
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The rate of each parameter group in this epoch."""
        decays = max(0, self.last_epoch + 1 - self.constant_epochs)
        return [base * self.factor**decays for base in self.base_lrs]


class WarmUp(LRScheduler):
    """Raises the learning rate over the first steps, then lets it fall with the square root of the step.

        lr(step) = lr(0) * min((step + 1) / warmup_steps, sqrt(warmup_steps / (step + 1))),  step = 0, 1, ...

    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, equation 3, scaled so that its highest rate is that of
    the optimizer.

    Args:
        optimizer: The optimizer.
        warmup_steps: Number of the optimizer step with the full rate.
    """

    counts = "step"

    def __init__(self, optimizer: Optimizer, warmup_steps: int) -> None:
        if warmup_steps < 1:
            raise UserError(f"must be at least 1, found {warmup_steps}", where="--model.scheduler.warmup_steps")
        self.warmup_steps = warmup_steps
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The rate of each parameter group in this step."""
        step = self.last_epoch + 1
        factor = min(step / self.warmup_steps, math.sqrt(self.warmup_steps / step))
        return [base * factor for base in self.base_lrs]


class WarmUpCosine(LRScheduler):
    """Raises the learning rate over the first steps, then lets it fall along half a cosine.

        lr(step) = lr(0) * (step + 1) / warmup_steps                        while step < warmup_steps
        lr(step) = lr(0) * (final + (1 - final) * (1 + cos(pi * t)) / 2)    afterwards

    with t from 0 to 1 between `warmup_steps` and `total_steps`. I. Loshchilov and F. Hutter, SGDR, ICLR 2017, equation
    5 without restarts, behind the linear warm-up of P. Goyal et al., arXiv 1706.02677 (2017), section 2.2.

    Args:
        optimizer: The optimizer.
        warmup_steps: Number of optimizer steps until the full rate.
        total_steps: Number of optimizer steps until the lowest rate, which stays.
        final: The lowest rate as a share of the full one.
    """

    counts = "step"

    def __init__(self, optimizer: Optimizer, warmup_steps: int, total_steps: int, final: float = 0.0) -> None:
        if not 0 <= warmup_steps < total_steps:
            raise UserError(
                f"must be at least 0 and below total_steps ({total_steps}), found {warmup_steps}",
                where="--model.scheduler.warmup_steps",
            )
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps
        self.final = final
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The rate of each parameter group in this step."""
        step = self.last_epoch
        if step < self.warmup_steps:
            factor = (step + 1) / self.warmup_steps
        else:
            share = min(1.0, (step - self.warmup_steps) / (self.total_steps - self.warmup_steps))
            factor = self.final + (1 - self.final) * (1 + math.cos(math.pi * share)) / 2
        return [base * factor for base in self.base_lrs]

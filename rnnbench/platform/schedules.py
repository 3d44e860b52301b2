"""Learning-rate schedules that torch lacks."""

from __future__ import annotations

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


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

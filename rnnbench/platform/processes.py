"""What the processes of a training tell each other.

A process group of GPUs takes tensors of its device alone, so all that is exchanged goes through there.
"""

from __future__ import annotations

from lightning.pytorch import Trainer
from torch import Tensor


def gather(trainer: Trainer, value: Tensor) -> Tensor:
    """A tensor of every process ``(processes, ...)``, in the order of their ranks, on the CPU.

    Args:
        trainer: The trainer.
        value: A tensor of one shape on all processes, on any device.
    """
    if trainer.world_size == 1:
        return value.cpu()[None]
    return trainer.strategy.all_gather(value.to(trainer.strategy.root_device)).cpu()

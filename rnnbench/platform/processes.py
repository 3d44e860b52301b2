"""How many processes train, and what they tell each other.

A process group of GPUs takes tensors of its device alone, so all that is exchanged goes through there.
"""

from __future__ import annotations

import os

from lightning.pytorch import Trainer
from lightning.pytorch.accelerators import CPUAccelerator
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.machine import cores

OVERSUBSCRIBE = "RNNBENCH_OVERSUBSCRIBE"
"""The environment variable that allows more processes than there are cores."""


def check_processes(trainer: Trainer) -> None:
    """Refuses, before any is started, more processes of the CPU than there are cores, which only wait for each other.

    Args:
        trainer: The trainer.

    Raises:
        UserError: There are more, and the environment does not allow it.
    """
    asked, there = trainer.num_devices, cores()
    if not isinstance(trainer.accelerator, CPUAccelerator) or asked <= there or os.environ.get(OVERSUBSCRIBE) == "1":
        return
    raise UserError(
        f"{asked:,} processes for {there} core{'s' if there > 1 else ''}: they would only wait for each other",
        where="--trainer.devices",
        hint=f"ask for at most {there}, or start them all the same: {OVERSUBSCRIBE}=1 in the environment",
    )


def gather(trainer: Trainer, value: Tensor) -> Tensor:
    """A tensor of every process ``(processes, ...)``, in the order of their ranks, on the CPU.

    Args:
        trainer: The trainer.
        value: A tensor of one shape on all processes, on any device.
    """
    if trainer.world_size == 1:
        return value.cpu()[None]
    return trainer.strategy.all_gather(value.to(trainer.strategy.root_device)).cpu()

"""Random number generators, as part of a checkpoint."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from rnnbench.platform.processes import gather


class Snapshot(NamedTuple):
    """State of all random number generators of a process, each as its library gives it."""

    torch: tuple[Tensor, Tensor | None]
    """Those of the CPU and of the GPU."""
    numpy: tuple[Any, ...]
    python: tuple[Any, ...]


class RandomState(Callback):
    """Saves the random number generators of every process, and restores them.

    Where a checkpoint is written within a step, which then was not taken, it holds the state before the step; a model
    draws from torch there, and so only torch's generators are looked at before every step: NumPy's and Python's take
    a hundred times as long.

    On a fresh start every further process gets a seed of its own, so that no two drop the same units; so does every
    process of a run that goes on with another number of processes, because no checkpoint holds their numbers.
    """

    def __init__(self) -> None:
        self._before_step: tuple[Tensor, Tensor | None] | None = None
        self._restored: Snapshot | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Parts the processes' random numbers."""
        if self._restored is None and (trainer.global_rank > 0 or trainer.global_step > 0):
            # The same for no two processes, and not those of the steps that were trained already.
            entropy = (torch.initial_seed(), trainer.global_rank, trainer.global_step)
            seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Restores what a checkpoint held before the first step; notes the state before every step."""
        if self._restored is not None:
            set_random_state(self._restored)
            self._restored = None
        self._before_step = _torch_state()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The step was taken."""
        self._before_step = None

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes the state after the last step, from which a longer training goes on: what ends a run may draw, too."""
        self._before_step = _torch_state()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the state of all processes."""
        snapshot = self._restored or get_random_state()
        if self._before_step is not None:
            snapshot = snapshot._replace(torch=self._before_step)
        tensors = as_tensors(snapshot)
        checkpoint["random_state"] = {name: gather(trainer, value) for name, value in tensors.items()}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keeps this process's state for the first step."""
        saved = checkpoint.get("random_state")
        if saved is not None and len(saved["torch"]) == trainer.world_size:
            self._restored = from_tensors({name: value[trainer.global_rank] for name, value in saved.items()})


def get_random_state() -> Snapshot:
    """Python's, NumPy's and torch's generators as they are."""
    return Snapshot(_torch_state(), np.random.get_state(), random.getstate())  # type: ignore[arg-type]


def set_random_state(snapshot: Snapshot) -> None:
    """Puts all generators back.

    Args:
        snapshot: What `get_random_state` gave.
    """
    of_cpu, of_gpu = snapshot.torch
    torch.set_rng_state(of_cpu)
    if of_gpu is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(of_gpu)
    np.random.set_state(snapshot.numpy)
    random.setstate(snapshot.python)


def as_tensors(snapshot: Snapshot) -> dict[str, Tensor]:
    """The form that a checkpoint holds, which loads without unpickling."""
    of_cpu, of_gpu = snapshot.torch
    _name, keys, position, has_gauss, gauss = snapshot.numpy
    version, internal, gauss_next = snapshot.python
    tensors = {
        "torch": of_cpu,
        "numpy": torch.from_numpy(np.array([*keys.tolist(), position, has_gauss])),
        "numpy_gauss": torch.tensor([gauss], dtype=torch.float64),
        "python": torch.from_numpy(np.array([version, *internal])),
        "python_gauss": torch.tensor([float("nan") if gauss_next is None else gauss_next], dtype=torch.float64),
    }
    return tensors if of_gpu is None else {**tensors, "cuda": of_gpu}


def from_tensors(tensors: dict[str, Tensor]) -> Snapshot:
    """The inverse of `as_tensors`, from tensors on any device."""
    at_hand = {name: value.cpu() for name, value in tensors.items()}
    *keys, position, has_gauss = at_hand["numpy"].tolist()
    version, *internal = at_hand["python"].tolist()
    gauss = at_hand["python_gauss"].item()
    return Snapshot(
        torch=(at_hand["torch"], at_hand.get("cuda")),
        numpy=("MT19937", np.array(keys, dtype=np.uint32), position, has_gauss, at_hand["numpy_gauss"].item()),
        python=(version, tuple(internal), None if gauss != gauss else gauss),
    )


def _torch_state() -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state() if torch.cuda.is_available() else None

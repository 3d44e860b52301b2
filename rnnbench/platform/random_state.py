"""Random number generators, as part of a checkpoint."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

Snapshot = dict[str, Tensor]
"""State of all random number generators of a process."""


class RandomState(Callback):
    """Saves the random number generators of every process as they were before the step at hand, and restores them.

    On a fresh start every further process gets a seed of its own, so that no two drop the same units.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._restored: Snapshot | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Parts the processes' random numbers."""
        if self._restored is None and trainer.global_rank > 0:
            seed = (torch.initial_seed() + trainer.global_rank) % 2**32
            torch.manual_seed(seed)
            np.random.seed(seed)
            random.seed(seed)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Restores what a checkpoint held before the first step; notes the state before every step."""
        if self._restored is not None:
            set_random_state(self._restored)
            self._restored = None
        self._snapshot = get_random_state()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes the state after the last step, from which a longer training goes on."""
        self._snapshot = get_random_state()

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the state of all processes."""
        if self._snapshot is not None:
            gathered = {name: trainer.strategy.all_gather(value) for name, value in self._snapshot.items()}
            checkpoint["random_state"] = {
                name: value.reshape(trainer.world_size, -1) for name, value in gathered.items()
            }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keeps this process's state for the first step."""
        saved = checkpoint.get("random_state")
        if saved is not None and len(saved["torch"]) == trainer.world_size:
            self._restored = {name: value[trainer.global_rank] for name, value in saved.items()}


def get_random_state() -> Snapshot:
    """Python's, NumPy's and torch's generators as they are."""
    _name, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, gauss_next = random.getstate()
    snapshot = {
        "torch": torch.get_rng_state(),
        "numpy": torch.tensor([*map(int, keys), position, has_gauss], dtype=torch.int64),
        "numpy_gauss": torch.tensor([gauss], dtype=torch.float64),
        "python": torch.tensor([version, *internal], dtype=torch.int64),
        "python_gauss": torch.tensor([float("nan") if gauss_next is None else gauss_next], dtype=torch.float64),
    }
    if torch.cuda.is_available():
        snapshot["cuda"] = torch.cuda.get_rng_state()
    return snapshot


def set_random_state(snapshot: Snapshot) -> None:
    """Puts all generators back.

    Args:
        snapshot: What `get_random_state` gave.
    """
    torch.set_rng_state(snapshot["torch"].cpu())
    *keys, position, has_gauss = snapshot["numpy"].tolist()
    np.random.set_state(
        ("MT19937", np.array(keys, dtype=np.uint32), position, has_gauss, snapshot["numpy_gauss"].item())
    )
    version, *internal = snapshot["python"].tolist()
    gauss = snapshot["python_gauss"].item()
    random.setstate((version, tuple(internal), None if gauss != gauss else gauss))
    if "cuda" in snapshot and torch.cuda.is_available():
        torch.cuda.set_rng_state(snapshot["cuda"].cpu())

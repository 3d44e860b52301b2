"""What a training costs: tokens, seconds, memory."""

from __future__ import annotations

import time
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench import machine
from rnnbench.applications import load_application
from rnnbench.tasks.base import Task


class Accounting(Callback):
    """Counts tokens and time over all parts of a run, resumed ones included, and logs ``train/tokens_per_second``.

    A token is whatever the application's card counts in, and the logged name says so: ``train/frames_per_second``.

    Speed is that of training alone: time spent in validation does not count.
    """

    def __init__(self) -> None:
        self.tokens = 0
        self._tokens_here = 0  # of this process, not yet in `tokens`
        self._trainer: Trainer | None = None
        self._units = ""
        self.train_seconds = 0.0
        self._wall_before = 0.0
        self._cpu_before = 0.0
        self._peak_before = 0
        self._wall_start = time.monotonic()
        self._cpu_start = _cpu_seconds()
        self._mark = time.monotonic()
        self._shown = (0, 0.0)

    @property
    def tokens_per_second(self) -> float | None:
        """Training speed over the whole run; None before the first step."""
        return self.tokens / self.train_seconds if self.train_seconds else None

    @property
    def wall_seconds(self) -> float:
        """Time by the clock from the start of each part, validation included."""
        return self._wall_before + time.monotonic() - self._wall_start

    @property
    def cpu_seconds(self) -> float:
        """Processor time of this process and the children it has waited for."""
        return self._cpu_before + _cpu_seconds() - self._cpu_start

    @property
    def peak_memory_bytes(self) -> int:
        """Most memory that this process held at once: on the GPU if it used one, else resident."""
        return max(self._peak_before, peak_memory())

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the training clock."""
        self._trainer = trainer
        self._units = load_application(cast(Task, pl_module).application).card.units
        self._mark = time.monotonic()
        self._shown = (self.tokens, self.train_seconds)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Counts the batch."""
        self._tokens_here += batch.tokens
        self._advance()
        if (batch_idx + 1) % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self._gather()
            tokens, seconds = self.tokens - self._shown[0], self.train_seconds - self._shown[1]
            self._shown = (self.tokens, self.train_seconds)
            pl_module.log(f"train/{self._units}_per_second", tokens / max(seconds, 1e-9), prog_bar=True, batch_size=1)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops the training clock."""
        self._gather()
        self._advance()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts it again."""
        self._mark = time.monotonic()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The last count."""
        self._gather()

    def state_dict(self) -> dict[str, Any]:
        """All sums so far."""
        self._gather()
        return {
            "tokens": self.tokens,
            "train_seconds": self.train_seconds,
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from the sums of the parts before."""
        self.tokens = state_dict["tokens"]
        self.train_seconds = state_dict["train_seconds"]
        self._wall_before = state_dict["wall_seconds"]
        self._cpu_before = state_dict["cpu_seconds"]
        self._peak_before = state_dict["peak_memory_bytes"]

    def _gather(self) -> None:
        """Adds up the tokens of all processes, now and then; their batches need not have as many."""
        if self._trainer is None:
            return
        here = torch.tensor(self._tokens_here, device=self._trainer.strategy.root_device)
        self.tokens += int(self._trainer.strategy.reduce(here, reduce_op="sum"))
        self._tokens_here = 0

    def _advance(self) -> None:
        now = time.monotonic()
        self.train_seconds += now - self._mark
        self._mark = now


def training_flops(forward: float | None, tokens: int) -> float | None:
    """Floating-point operations of training on so many tokens; None where those of the forward pass are not counted.

    Args:
        forward: Operations of the forward pass over one token.
        tokens: Number of tokens.
    """
    # The backward pass computes the gradients of a product's two factors: twice the forward pass.
    return None if forward is None else 3 * forward * tokens


def _cpu_seconds() -> float:
    return time.process_time() + machine.seconds_of_children()


def peak_memory() -> int:
    """Most bytes that this process held at once: on the GPU if it used one, else resident."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated()
    return machine.peak_memory()

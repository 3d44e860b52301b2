"""Watches gradient flow while a network learns."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.diagnostics.diagnosis import Diagnosis, diagnose, write
from rnnbench.diagnostics.files import FOLDER, PICTURES, TRAINING
from rnnbench.diagnostics.pictures import draw_training
from rnnbench.diagnostics.record import Recording, longest, watch
from rnnbench.ranges import AT_LEAST_1
from rnnbench.safe_files import replace_bytes
from rnnbench.tasks.base.pictures import record_picture


class GradientFlow(Callback):
    """Looks at gradients over time, at gates and at recurrent matrices every so many steps of a training.

    It reads what the training itself computes, so that the training stays the same, bit for bit. Values are logged as
    ``train/gradient_flow/CELL/VALUE``; pictures lie in the run folder, in ``diagnosis/``, and in W&B where that is the
    logger. To be added by ``--trainer.callbacks+=GradientFlow``.

    Args:
        every: Steps of training between two looks.
        sequences: Sequences of a batch to look at.
    """

    def __init__(self, every: Annotated[int, AT_LEAST_1] = 100, sequences: Annotated[int, AT_LEAST_1] = 8) -> None:
        self.every = every
        self.sequences = sequences
        self._watching = contextlib.ExitStack()
        self._recordings: list[Recording] | None = None
        self._last: list[Diagnosis] = []
        self._step = 0
        self._history: dict[str, dict[str, list[tuple[int, float]]]] = {}

    def state_dict(self) -> dict[str, Any]:
        """What was seen so far."""
        return {"history": self._history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from there."""
        self._history = state_dict["history"]

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Begins to watch, where it is time to."""
        if trainer.is_global_zero and trainer.global_step % self.every == 0:
            self._recordings = self._watching.enter_context(watch(pl_module))

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at what was seen."""
        if self._recordings is None:
            return
        found, self._recordings, self._step = longest(self._recordings), None, trainer.global_step
        self._watching.close()
        # A cell may draw masks in its projection: the training's own random numbers stay what they would have been.
        with torch.random.fork_rng(devices=[]):
            self._last = [diagnose(one, self.sequences, whole=False) for one in found]
        for one in self._last:
            for name, value in values(one).items():
                self._history.setdefault(one.name, {}).setdefault(name, []).append((self._step, value))
                key = f"train/gradient_flow/{one.name}/{name}".replace(",", "").replace(" ", "_")
                pl_module.log(key, value, batch_size=1, rank_zero_only=True)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Watches no longer where there was no backward pass."""
        self._stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leaves the model as it was."""
        self._stop()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the numbers of the last look, and the pictures."""
        if not (trainer.is_global_zero and self._last):
            return
        folder = Path(trainer.default_root_dir, FOLDER)
        write(folder, self._last, {"step": self._step})
        replace_bytes(folder / TRAINING, draw_training(self._history))
        for name in PICTURES:
            if (folder / name).is_file():
                record_picture(trainer, f"{FOLDER}/{name}")

    def _stop(self) -> None:
        self._recordings = None
        self._watching.close()


def values(one: Diagnosis) -> dict[str, float]:
    """The numbers of a cell that are followed in training.

    Args:
        one: What is known of the cell.
    """
    found: dict[str, float | None] = {
        "growth": one.flow.growth(),
        "exp_lyapunov": None if one.exponent is None else math.exp(one.exponent),
    }
    for weight in one.weights:
        found[f"radius {weight.name}"] = weight.radius
        found[f"norm {weight.name}"] = weight.norm
    for gate in one.gates:
        found[f"mean {gate.name}"] = gate.mean
        found[f"limits {gate.name}"] = gate.low + gate.high
    return {name: value for name, value in found.items() if value is not None and math.isfinite(value)}

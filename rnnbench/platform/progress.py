"""What a person sees of a training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar, Timer
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from rnnbench.platform.budget import Budget
from rnnbench.platform.run_folder import RunFolder
from rnnbench.tasks.base import Task

_SPEED = "_per_second"


class Clock:
    """Estimates the time that is left for the whole training."""

    def __init__(self) -> None:
        self._started: tuple[float, int] | None = None

    def start(self, trainer: Trainer) -> None:
        """The training, or a part of it, begins now."""
        self._started = (time.monotonic(), _batches_done(trainer))

    def left(self, trainer: Trainer) -> str | None:
        """Hours, minutes and seconds by the mean so far, validations included; None where nothing is known."""
        if self._started is None or not trainer.training:
            return None
        start, before = self._started
        done = _batches_done(trainer)
        total = _batches_in_all(trainer)
        if total is None or math.isinf(total) or done <= before:  # endless data have no length
            return None
        return str(timedelta(seconds=round((time.monotonic() - start) / (done - before) * max(total - done, 0))))


class Progress(RichProgressBar):
    """A bar with loss, metric, tokens per second and the time left for the whole training."""

    def __init__(self) -> None:
        super().__init__(refresh_rate=4)
        self._clock = Clock()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock that the time left is estimated by."""
        super().on_train_start(trainer, pl_module)
        self._clock.start(trainer)

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, int | str | float | dict]:
        """What stands beside the bar: names without their split's prefix, and the time left."""
        items = super().get_metrics(trainer, pl_module)
        items.pop("v_num", None)
        speeds = _speeds({name: items.pop(name) for name in list(items) if name.endswith(_SPEED)})
        shown = {**items, **speeds}
        left = self._clock.left(trainer)
        if left is not None:
            shown["left"] = left
        return shown


class ReportedProgress(Callback):
    """Tells somebody else how much of the training is done.

    Args:
        report: Is called with the fraction, about once a second.
    """

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._told = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Reports where the last report is a second ago."""
        now = time.monotonic()
        if now - self._told >= 1:
            self._told = now
            self._report(fraction_done(trainer))


def fraction_done(trainer: Trainer) -> float:
    """How much of its training a model has done, by the limit that comes first; 0 where there is none."""
    total = _batches_in_all(trainer)
    shares = [_batches_done(trainer) / total] if total else []
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Timer) and (left := callback.time_remaining()) is not None:
            shares.append(callback.time_elapsed() / max(callback.time_elapsed() + left, 1e-9))
        elif isinstance(callback, Budget):
            shares.append(callback.spent(trainer, cast(Task, trainer.lightning_module), _batches_done(trainer)) or 0.0)
    return min(max(shares, default=0.0), 1.0)


class EpochLines(Callback):
    """Lines that stay on the screen and in log files: one after every validation, or one that there was none.

    Where no bar shows what goes on, also one within an epoch every so often.

    Args:
        every_seconds: How often.
    """

    def __init__(self, every_seconds: float = 30.0) -> None:
        self.every_seconds = every_seconds
        self.printed = False
        self._trained = False
        self._clock = Clock()
        self._told = 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """There is something to train; starts the clock."""
        self._trained = True
        self._clock.start(trainer)
        self._told = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Prints batch, loss, speed and the time left, where the last line is long ago."""
        now = time.monotonic()
        if trainer.progress_bar_callback is not None or now - self._told < self.every_seconds:
            return
        self._told = now
        parts = [f"epoch {trainer.current_epoch}", f"batch {batch_idx + 1:,} of {trainer.num_training_batches:,}"]
        left = self._clock.left(trainer)
        _print(trainer, "  ".join([*parts, *_loss(trainer), *_speed(trainer), *([f"{left} left"] if left else [])]))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints epoch, step, loss, speed and the validation metrics."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            metrics = trainer.callback_metrics
            found = [f"{name} {float(metrics[name]):.4f}" for name in sorted(metrics) if name.startswith("validation/")]
            loss, speed = _loss(trainer), _speed(trainer)
            _print(
                trainer,
                "  ".join([f"epoch {trainer.current_epoch}", f"step {trainer.global_step}", *loss, *found, *speed]),
            )
            self.printed = True
            self._told = time.monotonic()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says that nothing was trained or validated, where that is so."""
        if not self._trained:
            _print(trainer, f"nothing is left to train: the run has ended at step {trainer.global_step}")
        elif not self.printed:
            another = "another" if RunFolder(Path(trainer.default_root_dir)).best.is_file() else "any"
            _print(trainer, f"stopped at step {trainer.global_step}, before {another} validation")


def _loss(trainer: Trainer) -> list[str]:
    loss = trainer.callback_metrics.get("train/loss")
    return [] if loss is None else [f"loss {float(loss):.3f}"]


def _speed(trainer: Trainer) -> list[str]:
    return [f"{speed} {name}" for name, speed in _speeds(trainer.callback_metrics).items()]


def _speeds(metrics: Mapping[str, Any]) -> dict[str, str]:
    """The logged speed by its unit: ``tokens/s``, ``frames/s``."""
    logged = {name: value for name, value in metrics.items() if name.endswith(_SPEED)}
    return {
        f"{name.removeprefix('train/').removesuffix(_SPEED)}/s": f"{float(value):,.0f}"
        for name, value in logged.items()
    }


@rank_zero_only
def _print(trainer: Trainer, line: str) -> None:
    bar = trainer.progress_bar_callback
    if isinstance(bar, Progress) and bar.progress is not None:
        bar.progress.console.print(line, highlight=False)
    else:
        print(line, flush=True)


def _batches_done(trainer: Trainer) -> int:
    return trainer.fit_loop.epoch_loop.batch_progress.total.completed


def _batches_in_all(trainer: Trainer) -> float | None:
    """Number of batches of the whole training, by the limit that comes first; None where there is no limit."""
    limits: list[float] = []
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        limits.append(trainer.max_epochs * trainer.num_training_batches)
    if trainer.max_steps > 0:
        limits.append(trainer.max_steps * trainer.accumulate_grad_batches)
    return min(limits, default=None)

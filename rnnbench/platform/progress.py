"""What a person sees of a training."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar, Timer
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from rnnbench.platform.budget import Budget
from rnnbench.platform.run_folder import RunFolder
from rnnbench.tasks.base import Task


class Progress(RichProgressBar):
    """A bar with loss, metric, tokens per second and the time left for the whole training."""

    def __init__(self) -> None:
        super().__init__(refresh_rate=4)
        self._clock: tuple[float, int] | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock that the time left is estimated by."""
        super().on_train_start(trainer, pl_module)
        self._clock = (time.monotonic(), _batches_done(trainer))

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, int | str | float | dict]:
        """What stands beside the bar: names without their split's prefix, and the time left."""
        items = super().get_metrics(trainer, pl_module)
        items.pop("v_num", None)
        speed = items.pop("train/tokens_per_second", None)
        shown = dict(items)
        if speed is not None:
            shown["tokens/s"] = f"{float(speed):,.0f}"  # type: ignore[arg-type]
        left = self._seconds_left(trainer)
        if left is not None:
            shown["left"] = str(timedelta(seconds=round(left)))
        return shown

    def _seconds_left(self, trainer: Trainer) -> float | None:
        """Estimate from the mean over this part of the run, validations included; None where nothing is known."""
        if self._clock is None or not trainer.training:
            return None
        start, before = self._clock
        done = _batches_done(trainer)
        total = _batches_in_all(trainer)
        if total is None or done <= before:
            return None
        return (time.monotonic() - start) / (done - before) * max(total - done, 0)


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
    """One line after every validation, which stays on the screen and in log files, or one that there was none."""

    def __init__(self) -> None:
        self.printed = False
        self._trained = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """There is something to train."""
        self._trained = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints epoch, step, loss, speed and the validation metrics."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            metrics = trainer.callback_metrics
            parts = [f"epoch {trainer.current_epoch}", f"step {trainer.global_step}"]
            if "train/loss" in metrics:
                parts.append(f"loss {float(metrics['train/loss']):.3f}")
            parts += [
                f"{name} {float(metrics[name]):.4f}" for name in sorted(metrics) if name.startswith("validation/")
            ]
            if "train/tokens_per_second" in metrics:
                parts.append(f"{float(metrics['train/tokens_per_second']):,.0f} tokens/s")
            _print(trainer, "  ".join(parts))
            self.printed = True

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says that nothing was trained or validated, where that is so."""
        if not self._trained:
            _print(trainer, f"nothing is left to train: the run has ended at step {trainer.global_step}")
        elif not self.printed:
            another = "another" if RunFolder(Path(trainer.default_root_dir)).best.is_file() else "any"
            _print(trainer, f"stopped at step {trainer.global_step}, before {another} validation")


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

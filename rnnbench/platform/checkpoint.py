"""When checkpoints are written: the last one to resume from, the best one to use."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from rnnbench.machine import REQUEUE
from rnnbench.platform.averaging import averaged
from rnnbench.platform.divergence import Divergence
from rnnbench.platform.launched import requeue_slurm_job, slurm_job
from rnnbench.platform.run_folder import RunFolder
from rnnbench.ranges import AT_LEAST_1, POSITIVE
from rnnbench.safe_files import check_folder
from rnnbench.tasks.base import Task

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# How often several processes agree on whether it is time: each agreement costs a round of communication.
_AGREE_EVERY = 10


class RunInterrupted(Exception):
    """The run was asked to stop (Ctrl-C, SIGTERM) and has saved where it is."""


class RunCheckpoint(Checkpoint):
    """Writes ``checkpoints/last.ckpt`` and ``checkpoints/best.ckpt`` into the run folder.

    ``last`` is written before a step, never after one: then all that belongs to the steps before it (schedules,
    validation, the choice of the best) is over, and a resumed run repeats and leaves out nothing. It is also written at
    the end, on the first Ctrl-C or SIGTERM, and when a gradient diverges. Within a SLURM job, SIGUSR1 asks to save and
    to start the job again.

    Args:
        every_minutes: Write ``last`` this often.
        every_n_steps: Write ``last`` after so many optimizer steps, too.
    """

    def __init__(
        self,
        every_minutes: Annotated[float, POSITIVE] = 5.0,
        every_n_steps: Annotated[int, AT_LEAST_1] | None = None,
    ) -> None:
        self.every_minutes = every_minutes
        self.every_n_steps = every_n_steps
        self.best_score = math.nan
        self._saved_at = time.monotonic()
        self._saved_step = 0
        self._has_folder = False
        self._stop_asked = self._requeue_asked = False
        self._handlers: dict[int, Any] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Takes over Ctrl-C and SIGTERM for the length of a training."""
        if stage == "fit" and threading.current_thread() is threading.main_thread():
            # SLURM sends one before the time of a job is over, where it was told so: `sbatch --signal=SIGUSR1@90`.
            numbers = SIGNALS if slurm_job() is None or REQUEUE is None else (*SIGNALS, REQUEUE)
            self._handlers = {number: signal.signal(number, self._ask_to_stop) for number in numbers}

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Gives the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock, and lets Lightning's counters mean after a restart what they mean otherwise."""
        # A checkpoint is written when the next batch is ready; Lightning would count that batch a second time.
        total = trainer.fit_loop.epoch_loop.batch_progress.total
        total.load_state_dict(dict.fromkeys(total.state_dict(), total.completed))
        self._has_folder = trainer.is_global_zero and _folder(trainer).path.is_dir()
        self._saved_at = time.monotonic()
        self._saved_step = trainer.global_step
        # Lightning has installed its own by now.
        for number in self._handlers:
            signal.signal(number, self._ask_to_stop)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Writes ``last`` if it is time, and stops if asked to."""
        # Within an accumulation there are gradients that no checkpoint holds.
        if batch_idx % trainer.accumulate_grad_batches:
            return
        save, stop = self._decide(trainer, batch_idx)
        if save or stop:
            self._save_last(trainer)
        if stop:
            if self._requeue_asked and trainer.is_global_zero:
                requeue_slurm_job()
            raise RunInterrupted

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes ``best`` if the validation metric is better than ever."""
        if trainer.sanity_checking or trainer.state.fn != "fit" or not isinstance(pl_module, Task):
            return
        score = trainer.callback_metrics.get(pl_module.monitor)
        if score is None or not math.isfinite(score):
            return
        sign = 1 if pl_module.monitor_mode == "min" else -1
        if math.isnan(self.best_score) or sign * float(score) < sign * self.best_score:
            self.best_score = float(score)
            with averaged(trainer):
                self._save(trainer, _folder(trainer).best, weights_only=True)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the final ``last``, from which a run with a higher limit can go on."""
        progress = trainer.fit_loop.epoch_loop.batch_progress
        # Stopped in the middle of an epoch, by steps, time or budget: Lightning counts the epoch as over, but a longer
        # training goes on within it.
        within = progress.current.completed < trainer.num_training_batches
        if not within:
            # No batch of the next epoch is done; on restart Lightning would take those of this one for its own.
            progress.reset_on_run()
        _count_epoch(trainer, -within)
        try:
            self._save(trainer, _folder(trainer).last)
        finally:
            _count_epoch(trainer, within)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keeps the state before a step that diverged; it was not taken."""
        if isinstance(exception, Divergence) and trainer.accumulate_grad_batches == 1:
            self._save_last(trainer)

    def state_dict(self) -> dict[str, Any]:
        """The best score so far."""
        return {"best_score": self.best_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.best_score = state_dict["best_score"]

    def _decide(self, trainer: Trainer, batch_idx: int) -> tuple[bool, bool]:
        """Whether to save and whether to stop: what the first process finds, for all."""
        steps = trainer.global_step - self._saved_step
        save = self.every_n_steps is not None and steps >= self.every_n_steps
        if trainer.world_size > 1 and batch_idx % _AGREE_EVERY:
            return save, False
        due = time.monotonic() - self._saved_at >= 60 * self.every_minutes
        if trainer.world_size == 1:
            return save or due, self._stop_asked
        asked = torch.tensor([due, self._stop_asked], dtype=torch.int64, device=trainer.strategy.root_device)
        torch.distributed.broadcast(asked, src=0)
        due, stop = (bool(flag) for flag in asked.tolist())
        return save or due, stop

    def _save_last(self, trainer: Trainer) -> None:
        loop = trainer.fit_loop.epoch_loop
        # On restart Lightning takes the step after a checkpoint for logged already, because its own checkpoints are
        # written after a step; count one less, or the logger's steps would be off by one after a resume.
        ahead = trainer.accumulate_grad_batches == 1
        loop._batches_that_stepped -= ahead
        try:
            self._save(trainer, _folder(trainer).last)
        finally:
            loop._batches_that_stepped += ahead
        self._saved_at = time.monotonic()
        self._saved_step = trainer.global_step

    def _save(self, trainer: Trainer, path: Path, weights_only: bool = False) -> None:
        if self._has_folder:
            # Else it would be made again, without all that is known of the run.
            check_folder(_folder(trainer).path)
        trainer.save_checkpoint(path, weights_only=weights_only)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self._stop_asked:
            if number == REQUEUE:  # srun hands it on to every process, and the shell may do so again
                return
            raise KeyboardInterrupt
        self._stop_asked, self._requeue_asked = True, number == REQUEUE
        # Not printed: the signal may have come in the middle of a line that is being written.
        if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
            with contextlib.suppress(OSError):
                os.write(2, b"stopping after this step and saving; once more to stop at once\n")


def _count_epoch(trainer: Trainer, number: int) -> None:
    """Adds so many epochs to those that Lightning has counted as over."""
    progress = trainer.fit_loop.epoch_progress
    for tracker in (progress.total, progress.current):
        counted = tracker.state_dict()
        tracker.load_state_dict({**counted, **{key: counted[key] + number for key in ("processed", "completed")}})


def _folder(trainer: Trainer) -> RunFolder:
    return RunFolder(Path(trainer.default_root_dir))

"""A tiny training of an application, on which its laws are checked: commands as a user would type them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.applications import Application
from rnnbench.results.record import RESULT_FILE, Metric, Result, read_result


class CommandFailed(Exception):
    """A command of a trial did not succeed; the message says which, and what it said."""


class Trial:
    """Runs of one application in a folder of their own, each made once.

    Args:
        application: The application.
        folder: Where the runs lie.
    """

    def __init__(self, application: Application, folder: Path) -> None:
        self.application = application
        self.card = application.card
        self.folder = folder
        self.options = [f"--config={self.card.quick}", *self.card.tiny]

    def run(self, name: str) -> Path:
        """The folder of a run."""
        return self.folder / self.card.name / name

    def trained(self) -> Path:
        """The run that every law looks at: one epoch, tested."""
        run = self.run("trained")
        if not run.is_dir():
            self.fit("trained", "--trainer.max_epochs=1")
            self.command("test", f"--run={run}")
        return run

    def tested_with(self, run: Path, options: Sequence[str]) -> Path:
        """A copy of a run, tested anew with other options; what was measured before stays as it is."""
        copy = run.with_name(f"{run.name}_again")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(run, copy)
        self.command("test", f"--run={copy}", *options)
        return copy

    def fit(self, name: str, *options: str, watched_by: Sequence[Callback] = ()) -> None:
        """Trains a run."""
        words = [*self.options, *options, f"--runs={self.folder}", f"--name={name}", "--trainer.logger=false"]
        self.command("fit", *words, watched_by=watched_by)

    def command(self, *words: str, watched_by: Sequence[Callback] = ()) -> str:
        """What a command line prints.

        Args:
            words: Its words.
            watched_by: Callbacks that a training gets.

        Raises:
            CommandFailed: It did not succeed.
        """
        # Here, not above: the verb that checks an application is itself part of the command line.
        from rnnbench.cli import main
        from rnnbench.cli.training import run_verb

        told, complained = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complained):
            status = run_verb(list(words), watched_by) if watched_by else main(words)
        if status != 0:
            raise CommandFailed(f"rnnbench {' '.join(words)}: {complained.getvalue().strip()}")
        return told.getvalue()

    def on_two_processes(self, *words: str) -> None:
        """Runs a command whose trainer has two processes, in processes of their own."""
        two = ["--trainer.accelerator=cpu", "--trainer.strategy=ddp", "--trainer.devices=2"]
        done = subprocess.run(
            [sys.executable, "-m", "rnnbench", *words, *two],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads()), "RNNBENCH_OVERSUBSCRIBE": "1"},
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailed(f"rnnbench {' '.join(words)} on two processes: {done.stderr.strip()}")

    def result(self, run: Path) -> Result:
        """The record of a run."""
        return read_result(run / RESULT_FILE)

    def metrics(self, run: Path, split: Literal["validation", "test"] = "test") -> dict[str, Metric]:
        """The metrics of a split."""
        return self.result(run).metrics.get(split, {})

    def weights(self, run: Path, which: Literal["last", "best"]) -> dict[str, Any]:
        """The weights of a checkpoint."""
        return torch.load(run / "checkpoints" / f"{which}.ckpt", weights_only=True)["state_dict"]

    def killed(self, name: str, at: Killing, *options: str) -> None:
        """Trains a run that is killed on the way."""
        try:
            self.fit(name, *options, watched_by=[at])
        except Killed:
            return
        raise CommandFailed(f"the training {name} ended before it could be killed: {at.when}")


class Killed(BaseException):
    """Nothing in a training handles it, as nothing handles a kill."""


class Killing(Callback):
    """Kills a training in the middle of a step, or in its first validation.

    Args:
        step: The step, or of a model that makes none the batch; None for the validation.
    """

    def __init__(self, step: int | None) -> None:
        self.step = step

    @property
    def when(self) -> str:
        """In words."""
        return "in validation" if self.step is None else f"in step {self.step}"

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        """In the step, whose checkpoint was written before it."""
        if trainer.global_step == self.step:
            raise Killed

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """After the batch, where nothing is optimized."""
        if not pl_module.automatic_optimization and trainer.global_step == 0 and batch_idx + 1 == self.step:
            raise Killed

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """In the validation after the first epoch."""
        if self.step is None and not trainer.sanity_checking:
            raise Killed


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Bits are equal where the number of threads is; small products gain nothing from more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

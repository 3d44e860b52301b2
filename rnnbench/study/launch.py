"""What launchers have in common: they take runs and tell what becomes of them."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TextIO

from rnnbench.machine import forget_peak_memory
from rnnbench.study.plan import Run

LOG_FILE = "log.txt"
Report = Callable[[float], None]
"""Takes the fraction of a run that is done."""


class Outcome(NamedTuple):
    """How a run ended."""

    kind: Literal["done", "failed", "interrupted"]
    message: str = ""
    """Why it failed."""
    where: str = ""
    """The file or the option at fault, where there is one."""
    parameters: int = 0
    """Number of parameters, where a preset was only looked at."""
    hidden_size: int = 0
    """The hidden size that spends a budget of them, where that was asked for."""


@dataclass(frozen=True)
class Perform:
    """Does all that a run still needs, in this process: a function, by its name.

    The process that plans never imports what runs need; others find the function by its name.

    Args:
        module: Its module.
        name: Its name.
    """

    module: str
    name: str

    def __call__(self, run: Run, report: Report) -> Outcome:
        """Calls it with a run, and with what is told the progress."""
        return getattr(importlib.import_module(self.module), self.name)(run, report)


class Event(NamedTuple):
    """Something happened to a run."""

    run: Run
    what: Literal["started", "progress", "ended"]
    fraction: float = 0.0
    outcome: Outcome | None = None


class Launcher(Protocol):
    """Runs many trainings at a time."""

    workers: int
    """How many at a time."""

    def launch(self, runs: Sequence[Run]) -> Generator[Event, None, None]:
        """Performs the runs, in this order as places become free; when it is closed, it stops them and lets them save.

        Args:
            runs: The runs.
        """
        ...


def log_of(run: Run, folder: Path) -> Path:
    """The file with the output of a run while it runs; what it ends with goes into the run's folder.

    Args:
        run: The run.
        folder: The study's folder.
    """
    return folder / "logs" / f"{run.id}.log"


def work(perform: Perform, run: Run, log: Path, report: Report) -> Outcome:
    """Performs a run in this process, with its output in a file; nothing that goes wrong in it comes out.

    Args:
        perform: Does the run.
        run: The run.
        log: The file; in the end its content is added to ``log.txt`` in the run's folder, if the run has one.
        report: Is told the progress.
    """
    # A process that stays would else report the memory of its largest run for all that follow.
    forget_peak_memory()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, _output_into(file):
        try:
            outcome = perform(run, report)
        except BaseException as error:
            outcome = Outcome("failed", f"{type(error).__name__}: {error}")
    if run.folder.is_dir():
        with (run.folder / LOG_FILE).open("ab") as kept:
            kept.write(log.read_bytes())
        log.unlink()
    return outcome


@contextlib.contextmanager
def _output_into(file: TextIO) -> Iterator[None]:
    """Sends all that this process writes into a file, native code included."""
    streams = sys.stdout, sys.stderr
    kept = [os.dup(1), os.dup(2)]
    for stream in streams:
        stream.flush()
    for number in (1, 2):
        os.dup2(file.fileno(), number)
    sys.stdout = sys.stderr = file
    try:
        yield
    finally:
        file.flush()
        sys.stdout, sys.stderr = streams
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)

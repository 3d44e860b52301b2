"""What a study costs beside its runs: runs that do nothing, by the launchers that real ones have."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from typing import Literal

from rich.console import Console

# Workers of a study copy a process that holds all that runs need.
import rnnbench.cli.perform  # noqa: F401
from rnnbench.study.conduct import conduct_runs, locked
from rnnbench.study.launch import Launcher, Outcome, Perform, Report
from rnnbench.study.local import Local
from rnnbench.study.on_ray import OnRay
from rnnbench.study.plan import Run

LauncherName = Literal["local", "ray"]


def perform(run: Run, report: Report) -> Outcome:
    """Does nothing."""
    return Outcome("done")


def study_seconds(launcher: LauncherName, runs: int, workers: int) -> float:
    """Seconds of a study of so many empty runs.

    Args:
        launcher: Which one.
        runs: How many.
        workers: How many at a time.

    Raises:
        UserError: Ray is not installed.
    """
    # `perform` is found by its name, which is another one where this file is run as a program.
    task = Perform("rnnbench.bench.empty_runs", "perform")
    console = Console(file=io.StringIO())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        empty = [Run(folder, "none", f"run-{number}", (), False, "none") for number in range(runs)]
        with locked(folder, console) as lock:
            begun = time.perf_counter()
            chosen: Launcher = (
                Local(task, folder, lock, workers) if launcher == "local" else OnRay(task, folder, workers)
            )
            conduct_runs(empty, folder, chosen, console)
            return time.perf_counter() - begun

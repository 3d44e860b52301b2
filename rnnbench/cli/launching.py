"""What `study` and `reproduce` do around their runs: the lock, the launcher, Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from rnnbench.study.conduct import Ended
    from rnnbench.study.launch import Launcher


def launched(
    folder: Path, arguments: argparse.Namespace, conduct: Callable[[Launcher, Launcher, Console], Ended]
) -> Ended | None:
    """Runs something with the launcher that the options name.

    Args:
        folder: The study's folder.
        arguments: The options of `rnnbench.cli.study.add_options`.
        conduct: Takes a launcher that runs, one that only looks, and the screen.

    Returns:
        How it ended; None where it was interrupted.
    """
    from rich.console import Console

    from rnnbench.study.conduct import locked

    if arguments.workers is not None and arguments.workers < 1:
        raise UserError(f"must be at least 1, found {arguments.workers}", where="--workers")
    console = Console(width=None if sys.stdout.isatty() else 200)
    with locked(folder, console) as lock:
        try:
            return conduct(*_launchers(folder, arguments, lock), console)
        except KeyboardInterrupt:
            console.print("interrupted; what was trained is saved, and the same command goes on", highlight=False)
            return None


def _launchers(folder: Path, arguments: argparse.Namespace, lock: int) -> tuple[Launcher, Launcher]:
    from rnnbench.study.launch import Perform
    from rnnbench.study.local import Local
    from rnnbench.study.on_ray import OnRay

    tasks = [Perform("rnnbench.cli.perform", name) for name in ("perform", "look_at")]
    if arguments.launcher == "ray":
        runner, looker = (OnRay(task, folder, arguments.workers) for task in tasks)
        return runner, looker
    first, second = (Local(task, folder, lock, arguments.workers) for task in tasks)
    return first, second

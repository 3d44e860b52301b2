"""Jobs that SLURM starts again: the same command line goes on with the run that it began."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rnnbench.platform.launched import slurm_job, slurm_restarts
from rnnbench.platform.request import Request
from rnnbench.platform.run_folder import RunFolder


def name_in_job(default_name: str) -> str:
    """What the name of a run starts with that was given none: within a SLURM job the job's number is a part of it."""
    job = slurm_job()
    return default_name if job is None else f"{default_name}-{job}"


def requeued_run(root: Path, name: str | None, default_name: str) -> RunFolder | None:
    """The run that this command line began before SLURM started the job again; None where there is none.

    Args:
        root: Where runs lie.
        name: The name that the command line gives it.
        default_name: What its name starts with where it was given none, see `name_in_job`.
    """
    if not slurm_restarts():
        return None
    for path in sorted(root.glob(f"*/{name}" if name else f"*/{default_name}-*")):
        run = RunFolder(path)
        # A job may make several runs, each by a command of its own.
        if run.config.is_file() and (name or _began(run)):
            return run
    return None


def _began(run: RunFolder) -> bool:
    request = Request.of(run)
    return request is not None and request.command == command()


def command() -> str:
    """The command line of this process; that it shows tracebacks does not matter."""
    return shlex.join(["rnnbench", *(word for word in sys.argv[1:] if word != "--debug")])

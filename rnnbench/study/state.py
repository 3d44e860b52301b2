"""What a run has left behind, and so what is still to be done: the run's own folder is what counts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import Result, read_result
from rnnbench.safe_files import read_text, replace_text
from rnnbench.study.plan import Run

State = Literal["queued", "done", "failed"]
FAILED_FILE = "failed.json"


@dataclass(frozen=True)
class Standing:
    """Where a run stands.

    Args:
        state: ``queued`` where something is still to be done.
        message: Why it failed.
    """

    state: State
    message: str = ""


def standing(run: Run, failed: Mapping[str, str], retry: bool = False) -> Standing:
    """Where a run stands, by its folder, and by what is known of failures that left no folder.

    Args:
        run: The run.
        failed: Id of a run -> why it failed.
        retry: Whether a run that failed is queued again.
    """
    try:
        if not still_to_do(run):
            return Standing("done")
    except UserError as error:
        return Standing("failed", error.problem)
    path = RunFolder(run.folder).result
    result = read_result(path) if path.is_file() else None
    if result is not None and result.status == "failed" and not retry:
        return Standing("failed", result.message or "it failed")
    return Standing("failed", failed[run.id]) if run.id in failed else Standing("queued")


def still_to_do(run: Run) -> list[list[str]]:
    """The commands that a run still needs, without ``rnnbench``: none for one that is trained and tested.

    Args:
        run: The run.

    Raises:
        UserError: What lies in its folder cannot be read, or is another run than the study's.
    """
    folder = RunFolder(run.folder)
    test = [["test", f"--run={run.folder}"]] if run.test else []
    if not folder.config.is_file():
        return [run.fit, *test]
    result = read_result(folder.result) if folder.result.is_file() else None
    if result is not None and not _made_by(run, result):
        raise UserError(f"it was made with other options: {result.command}", hint=f"move {run.folder} away")
    if result is None or result.status != "finished":
        return [["fit", f"--resume={run.folder}"], *test]
    return [] if "test" in result.metrics else test


def clean(run: Run) -> None:
    """Removes the checkpoints that a finished run does not keep."""
    folder = RunFolder(run.folder)
    if run.keep == "none":
        folder.best.unlink(missing_ok=True)
    if run.keep == "none" or (run.keep == "best" and folder.best.is_file()):
        folder.last.unlink(missing_ok=True)


def read_failed(folder: Path) -> dict[str, str]:
    """Id of a run -> why it failed, as an earlier call left it.

    Args:
        folder: The study's folder.
    """
    path = folder / FAILED_FILE
    return json.loads(read_text(path)) if path.is_file() else {}


def write_failed(folder: Path, failed: Mapping[str, str]) -> None:
    """The inverse of `read_failed`."""
    replace_text(folder / FAILED_FILE, json.dumps(dict(failed), indent=2, sort_keys=True) + "\n")


def _made_by(run: Run, result: Result) -> bool:
    """Whether a result was made with the options that the study asks for now; where it lies does not matter."""
    return _options(shlex.split(result.command)[1:]) == _options(run.fit)


def _options(words: list[str]) -> list[str]:
    return [word for word in words if not word.startswith("--runs=")]

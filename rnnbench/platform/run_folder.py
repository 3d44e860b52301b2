"""A run is one self-contained folder; this page names what is in it."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.items import ITEMS_FILE
from rnnbench.results.record import read_result


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run: ``config.yaml``, ``request.json``, ``checkpoints/``, ``metrics.csv``, ``result.json``.

    Args:
        path: The folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The full configuration."""
        return self.path / "config.yaml"

    @property
    def request(self) -> Path:
        """What was asked for: command, preset, options."""
        return self.path / "request.json"

    @property
    def lock(self) -> Path:
        """What the process that trains the run has locked."""
        return self.path / ".lock"

    @property
    def last(self) -> Path:
        """The checkpoint that a resume goes on from."""
        return self.path / "checkpoints" / "last.ckpt"

    @property
    def best(self) -> Path:
        """The checkpoint with the best validation metric."""
        return self.path / "checkpoints" / "best.ckpt"

    @property
    def metrics(self) -> Path:
        """The curves."""
        return self.path / "metrics.csv"

    @property
    def result(self) -> Path:
        """The record of the run."""
        return self.path / "result.json"

    @property
    def items(self) -> Path:
        """What each item of the test split contributes to the leading metric."""
        return self.path / ITEMS_FILE

    @property
    def left_out(self) -> Path:
        """The samples that were dropped or cut, where there were any."""
        return self.path / "left_out.tsv"

    @classmethod
    def candidates(cls, root: Path, application: str, name: str | None, default_name: str) -> Iterator[RunFolder]:
        """Folders that a new run may have, in order; each is made if it is not there.

        Args:
            root: Where runs lie.
            application: Name of the application.
            name: Name of the run; None takes the default name with the next free number.
            default_name: Name without a number.

        Raises:
            UserError: The name is none, or the folder cannot be made.
        """
        if name is not None and not name.isprintable():
            raise UserError(f"a run cannot be called {name!r}: not all of it can be printed", where="--name")
        if name is not None and (name in ("", ".", "..") or "/" in name or "\\" in name):
            raise UserError(f"a run cannot be called {name!r}: it is the name of a folder", where="--name")
        for candidate in [name] if name is not None else (f"{default_name}-{n}" for n in itertools.count(1)):
            path = root / application / candidate
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"the run folder cannot be made: {error.strerror}", where=path) from None
            yield cls(path)

    def is_free(self) -> bool:
        """Whether nobody's run, or anything else, lies in the folder."""
        return all(path == self.lock or _is_temporary(path) for path in self.path.iterdir())

    @classmethod
    def open(cls, path: Path, option: str) -> RunFolder:
        """A folder that holds a run.

        Args:
            path: The folder.
            option: The option that named it, for the error.

        Raises:
            UserError: There is no run.
        """
        run = cls(path)
        if not path.is_dir():
            beside = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.parent.is_dir() else []
            hint = did_you_mean(path.name, beside) if beside else "runs lie in runs/, those of a study in runs/studies/"
            raise UserError("there is no such run folder", where=f"{option} {path}", hint=hint)
        if not run.config.is_file():
            raise UserError(
                "this folder is no run: it has no config.yaml",
                where=f"{option} {path}",
                hint="name the folder of one run, such as runs/text_generation/char_lstm-1",
            )
        return run

    def last_to_resume(self) -> Path | None:
        """The checkpoint that a training goes on from; None where it was stopped before it wrote any.

        Raises:
            UserError: The run is finished, and its last checkpoint was removed.
        """
        if self.last.is_file():
            return self.last
        if self.result.is_file() and read_result(self.result).status == "finished":
            raise UserError(
                "this run is finished and its last checkpoint was removed: there is nothing to go on from",
                where=self.path,
                hint="train anew under another --name; nothing was changed",
            )
        return None

    def remove_temporaries(self) -> None:
        """Clears away what a killed process had half written."""
        for path in (*self.path.glob(".*"), *self.last.parent.glob(".*")):
            if _is_temporary(path):
                path.unlink(missing_ok=True)

    def discard_if_unused(self) -> None:
        """Removes the folder of a run that failed before its first step, so that its name is free again."""
        if not self.result.exists() and not self.last.parent.exists():
            for path in (self.config, self.request, self.left_out, self.lock):
                path.unlink(missing_ok=True)
            # What W&B noted of a connection that failed.
            shutil.rmtree(self.path / "wandb", ignore_errors=True)
            with contextlib.suppress(OSError):
                self.path.rmdir()

    def checkpoint(self) -> Path:
        """The best checkpoint, or the last one of a run without validation.

        Raises:
            UserError: The run has none yet.
        """
        for path in (self.best, self.last):
            if path.is_file():
                return path
        raise UserError("the run has no checkpoint yet", where=self.path, hint="train it first: rnnbench fit")


def _is_temporary(path: Path) -> bool:
    """Whether a file is one that is renamed once it is whole."""
    # Checkpoints had no such ending once.
    return path.is_file() and path.name.startswith(".") and (path.suffix == ".tmp" or ".ckpt." in path.name)

"""A run is one self-contained folder; this page names what is in it."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.results.items import ITEMS_FILE


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run: ``config.yaml``, ``checkpoints/``, ``metrics.csv``, ``result.json`` and what goes with it.

    Args:
        path: The folder.
    """

    path: Path

    @property
    def config(self) -> Path:
        """The full configuration."""
        return self.path / "config.yaml"

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
    def create(cls, root: Path, application: str, name: str | None, default_name: str) -> RunFolder:
        """Makes the folder ``root/application/name``.

        Args:
            root: Where runs lie.
            application: Name of the application.
            name: Name of the run; None takes the default name with the next free number.
            default_name: Name without a number.

        Raises:
            UserError: A run of this name exists.
        """
        if name is not None and not name.isprintable():
            raise UserError(f"a run cannot be called {name!r}: not all of it can be printed", where="--name")
        if name is not None and (name in ("", ".", "..") or "/" in name or "\\" in name):
            raise UserError(f"a run cannot be called {name!r}: it is the name of a folder", where="--name")
        names = (f"{default_name}-{number}" for number in itertools.count(1)) if name is None else iter([name])
        for candidate in names:
            path = root / application / candidate
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                if name is not None:
                    raise UserError(
                        "a run of this name exists; nothing was changed",
                        where=path,
                        hint=f"go on with it: --resume {path}, or choose another --name",
                    ) from None
            except OSError as error:
                raise UserError(f"the run folder cannot be made: {error.strerror}", where=path) from None
            else:
                return cls(path)
        raise AssertionError("numbers do not end")

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
            raise UserError("there is no such run folder", where=f"{option} {path}", hint="runs lie in runs/")
        if not run.config.is_file():
            raise UserError(
                "this folder is no run: it has no config.yaml",
                where=f"{option} {path}",
                hint="name the folder of one run, such as runs/text_generation/char_lstm-1",
            )
        return run

    def discard_if_unused(self) -> None:
        """Removes the folder of a run that failed before its first step, so that its name is free again."""
        if not self.result.exists() and not self.last.parent.exists():
            self.config.unlink(missing_ok=True)
            self.left_out.unlink(missing_ok=True)
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

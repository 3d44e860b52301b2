"""What is made of large data: once, by one of all processes that ask for it, and found again in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from rnnbench.data.formats.text_file import state_of
from rnnbench.data.notice import tell
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.folders import CACHE_HINT, cache_folder
from rnnbench.reading import real_path
from rnnbench.safe_files import replace_text

# Bytes of a split from which on what is made of it is kept on disk: reading a smaller one takes a second or two. A row
# takes far more memory than its bytes on disk.
LARGE_TEXT = 2**26
LARGE_RECORDS = 2**24
# What is kept in another form is not found again.
_FORM = 2
T = TypeVar("T")


class Kept:
    """A folder of the cache for all that is made of some data.

    Args:
        folder: The folder, whose name tells these data from all others; None where they are small, and everything is
            made anew, in memory.
        dataset: The data, for the notice that something is made of them.
    """

    def __init__(self, folder: Path | None, dataset: str) -> None:
        self.folder = folder
        self.dataset = dataset

    def __call__(self, name: str, make: Callable[[], dict[str, Any]], find: Callable[[dict[str, Any]], T]) -> T:
        """What was made before, or what is made now.

        Args:
            name: A name for it.
            make: Makes it, and gives plain values by which it is found again.
            find: Finds it by these values; whatever it raises means that it is damaged, or gone.

        Raises:
            UserError: The cache cannot be written to.
        """
        if self.folder is None:
            return find(make())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Of processes that come together one makes it and the others find it. The lock of a killed one is free.
            with FileLock(self.folder / "lock"):
                path = self.folder / f"{name}.json"
                with suppress(OSError, ValueError, KeyError, TypeError, UserError):
                    return find(json.loads(path.read_text(encoding="utf-8")))
                for part in self.folder.glob(".*.tmp"):  # of a process that was killed: the lock is ours
                    part.unlink(missing_ok=True)
                tell(f"{self.dataset}: what is made of it is made once and kept in {self.folder}")
                made = make()
                replace_text(path, json.dumps(made))
                return find(made)
        except OSError as error:
            raise UserError(
                f"cannot be written: {error.strerror or error}", where=self.folder, hint=CACHE_HINT
            ) from None


def short_hash(value: object) -> str:
    """A name for plain values."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def folder_of(files: Mapping[Split, Sequence[Path]], least: int, *what: object) -> Path | None:
    """A folder of the cache for what is made of the files of some splits; None where they are small.

    Args:
        files: The files of each split.
        least: Bytes of a split from which on the data are large.
        *what: Plain values that tell what is made of the same files.
    """
    states = {split: [(str(real_path(path)), *state_of(path)) for path in paths] for split, paths in files.items()}
    if max(sum(size for _, size, _ in of_split) for of_split in states.values()) < least:
        return None
    return folder_for(*what, states)


def folder_for(*what: object) -> Path:
    """A folder of the cache for what is made of files; plain values tell them, in their states, from all others."""
    return cache_folder() / "large" / short_hash([_FORM, *what])

"""Files in the cache: written whole or not at all, with their folders."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.safe_files import whole_file

_HINT = "the environment variable RNNBENCH_CACHE names another folder"
_PROBE = 2**16


@contextmanager
def cache_file(path: Path) -> Iterator[Path]:
    """Gives a file to write into, which takes its place in the cache once it is written.

    Args:
        path: Its place; the folder is made where it is missing.

    Raises:
        UserError: It cannot be written.
    """
    _make_folder(path)
    with whole_file(path, _HINT) as part:
        yield part


def check_cache(path: Path) -> None:
    """Sees to it that a file can be written before the minutes begin in which it is made.

    Args:
        path: The file; its folder is made where it is missing.

    Raises:
        UserError: It cannot be written.
    """
    _make_folder(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            file.write(bytes(_PROBE))
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", where=path, hint=_HINT) from error


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", where=path, hint=_HINT) from error


def write_to_cache(path: Path, data: bytes) -> None:
    """Writes a file of the cache.

    Args:
        path: The file; its folder is made where it is missing.
        data: All of its content.

    Raises:
        UserError: The file cannot be written.
    """
    with cache_file(path) as part:
        part.write_bytes(data)

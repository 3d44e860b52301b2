"""The folder for what sources fetch, and files that are written whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnbench.cached import cache_folder
from rnnbench.errors import UserError

__all__ = ["cache_folder", "whole_file", "write_whole"]


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that nobody ever sees a part of it, not even when two processes write it at once.

    Args:
        path: The file; its folder is made where it is missing.
        data: All of its content.

    Raises:
        UserError: The file cannot be written.
    """
    with whole_file(path) as part:
        part.write_bytes(data)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a file to write into, which takes the place of another one once it is written.

    Args:
        path: The other one; its folder is made where it is missing.

    Raises:
        UserError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror}",
            where=path,
            hint="the environment variable RNNBENCH_CACHE names another folder",
        ) from error

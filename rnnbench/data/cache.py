"""The folder for what sources fetch, and files that are written whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from rnnbench.errors import UserError


def cache_folder() -> Path:
    """``$RNNBENCH_CACHE``, or else ``rnnbench`` in the user's cache folder; it may not exist yet."""
    own = os.environ.get("RNNBENCH_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification wants relative paths to be ignored.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "rnnbench"


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that nobody ever sees a part of it, not even when two processes write it at once.

    Args:
        path: The file; its folder is made where it is missing.
        data: All of its content.

    Raises:
        UserError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror}",
            where=path,
            hint="the environment variable RNNBENCH_CACHE names another folder",
        ) from error

"""Where things lie: the presets and data cards that come with the package, and the user's cache; imports no torch.

In a wheel presets and cards lie inside the package, in ``rnnbench/resources/``; in a checkout beside it, at the top.
"""

from __future__ import annotations

import os
from pathlib import Path

CACHE_HINT = "free some space, or set RNNBENCH_CACHE to a folder that you can write to, on a disk with room"
"""What to do where the cache cannot be written."""

_PACKAGE = Path(__file__).resolve().parent


def configs_folder() -> Path:
    """Folder of the presets."""
    return _shipped("configs")


def data_folder() -> Path:
    """Folder of the data cards."""
    return _shipped("data")


def cache_folder() -> Path:
    """The folder for what is fetched or built once; it may not exist yet.

    Returns:
        ``$RNNBENCH_CACHE``, or else ``rnnbench`` in the user's cache folder.
    """
    own = os.environ.get("RNNBENCH_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification wants relative paths to be ignored.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "rnnbench"


def _shipped(name: str) -> Path:
    inside = _PACKAGE / "resources" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name

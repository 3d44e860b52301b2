"""The folder for what is fetched or built once; imports no torch."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$RNNBENCH_CACHE``, or else ``rnnbench`` in the user's cache folder; it may not exist yet."""
    own = os.environ.get("RNNBENCH_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification wants relative paths to be ignored.
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "rnnbench"

"""Where the presets and data cards lie that come with the package; imports no torch.

In a wheel they lie inside the package, in ``rnnbench/resources/``; in a checkout beside it, at the top.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def configs_folder() -> Path:
    """Folder of the presets."""
    return _shipped("configs")


def data_folder() -> Path:
    """Folder of the data cards."""
    return _shipped("data")


def _shipped(name: str) -> Path:
    inside = _PACKAGE / "resources" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name

"""Whether the runs of two folders came to the same: every metric to the last digit, every weight bit for bit.

    python tests/compare_runs.py BEFORE AFTER

Runs are paired by the path of their folders, wherever those are in the two. Compared are what ``result.json`` measured
(but time, memory, machine and versions), the curves, what every item contributed, and all weights of the best and the
last checkpoint. What differs is said, a line each; the exit status is 0 where nothing does.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

# What may differ between two runs of one training.
_MACHINE = {"command", "finished", "git_commit", "hardware", "started", "versions"}
_CLOCK = {"cpu_seconds", "peak_memory_bytes", "tokens_per_second", "units_per_second", "wall_seconds"}


def differences(before: Path, after: Path) -> list[str]:
    """What differs between the runs of two folders, a line each.

    Args:
        before: The one folder.
        after: The other.
    """
    runs = {path.parent.relative_to(root) for root in (before, after) for path in root.rglob("result.json")}
    if not runs:
        return [f"there is no run in {before} and {after}"]
    return [f"{run}: {line}" for run in sorted(runs) for line in _of_run(before / run, after / run)]


def _of_run(before: Path, after: Path) -> Iterator[str]:
    for folder in (before, after):
        if not (folder / "result.json").is_file():
            yield f"only in {before if folder is after else after}"
            return
    for part, read in (
        ("result.json", _result),
        ("metrics.csv", _curves),
        ("items.npz", _items),
        ("checkpoints/best.ckpt", _weights),
        ("checkpoints/last.ckpt", _weights),
    ):
        one, other = (read(folder / part) if (folder / part).is_file() else {} for folder in (before, after))
        for name in sorted(one.keys() | other.keys()):
            if name not in one or name not in other:
                yield f"{part}: {name} is only {'after' if name in other else 'before'}"
            elif not _same(one[name], other[name]):
                yield f"{part}: {name}: {_told(one[name], other[name])}"


def _result(path: Path) -> dict[str, Any]:
    """The values of a result by their paths in it."""
    return dict(_flat(json.loads(path.read_text("utf-8")), ""))


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        if key not in (_CLOCK if name else _MACHINE):
            yield from _flat(inner, f"{name}.{key}".removeprefix("."))


def _curves(path: Path) -> dict[str, Any]:
    """The values of every column, as they are written."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if not name.endswith(("seconds", "_per_second"))] if rows else []
    return {name: [row[name] for row in rows] for name in names}


def _items(path: Path) -> dict[str, Any]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _weights(path: Path) -> dict[str, Any]:
    return torch.load(path, map_location="cpu", weights_only=True)["state_dict"]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        one, other = one.numpy(), other.numpy()
    if isinstance(one, np.ndarray):
        # Bit for bit: NaN equals itself, and zero is not minus zero.
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return one == other or (one != one and other != other)


def _told(one: Any, other: Any) -> str:
    if isinstance(one, torch.Tensor):
        if one.dtype != other.dtype:
            return f"{one.dtype} before, {other.dtype} after"
        one, other = one.double().numpy(), other.double().numpy()
    if isinstance(one, np.ndarray) and one.shape == other.shape and np.issubdtype(one.dtype, np.number):
        return f"{int((one != other).sum())} of {one.size} values, by up to {abs(one - other).max():.3g}"
    if isinstance(one, list) and len(one) == len(other):
        place = next(i for i, pair in enumerate(zip(one, other, strict=True)) if not _same(*pair))
        return f"row {place + 1}: {one[place]} before, {other[place]} after"
    return f"{one!r} before, {other!r} after"


if __name__ == "__main__":
    found = differences(*map(Path, sys.argv[1:3]))
    print("\n".join(found) or "the same")
    sys.exit(bool(found))

"""The circumstances of a measurement: machine, versions, commit, date."""

from __future__ import annotations

import datetime
import importlib.metadata

import torch

from rnnbench.machine import cores, load_average
from rnnbench.platform.environment import git_commit, hardware, versions


def circumstances(device: str) -> dict[str, str]:
    """Machine, versions, commit and date, by name."""
    machine, known, load = hardware(), versions(), load_average()
    try:
        known["jax"] = importlib.metadata.version("jax")
    except importlib.metadata.PackageNotFoundError:
        known["jax"] = "not installed"
    rows = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{machine['cpu']}, {cores()} cores, {machine['system']}",
        "versions": ", ".join(f"{name} {known[name]}" for name in ("rnnbench", "python", "torch", "jax")),
        "commit": git_commit() or "none",
        "load before the start": "unknown" if load is None else f"{load:.1f}",
    }
    if device.startswith("cuda"):
        rows["device"] = torch.cuda.get_device_name(device)
    return rows

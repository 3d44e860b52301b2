"""The options that a run was made with, from the configuration in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CONFIG_FILE = "config.yaml"


def read_options(path: Path) -> dict[str, Any]:
    """Option -> value, the names as on the command line; nothing where the file is missing or damaged.

    Args:
        path: The configuration of a run.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open(encoding="utf-8") as file:
            config = yaml.load(file, loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return _flat(config, "") if isinstance(config, dict) else {}


def learning_rate(path: Path) -> float | None:
    """The learning rate in a run's configuration; None where there is none or it cannot be read."""
    found = read_options(path).get("model.optimizer.lr")
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        return float(found) if float(found) > 0 else None
    except ValueError:
        return None


def _flat(config: dict[Any, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        # `init_args` says nothing: on the command line it is left out.
        name = prefix if key == "init_args" else f"{prefix}.{key}".strip(".")
        if isinstance(value, dict) and value:
            flat |= _flat(value, name)
        else:
            flat[name] = value
    return flat

"""How the parser reads what is typed, and what stands in configurations."""

from __future__ import annotations

from typing import Any

import yaml
from jsonargparse import get_loader, set_loader

from rnnbench.cli.old_names import renamed

# The parser hands an option of a class within a class on as text, once for each: null as what Python calls it.
_NULL = "None"


def prepare_loader() -> None:
    """Lets the parser name classes as earlier versions did, and set an option at any depth to null."""
    load = get_loader("yaml")
    if hasattr(load, "of_rnnbench"):
        return

    def load_value(text: str) -> Any:
        return None if text == _NULL else renamed(load(text))

    load_value.of_rnnbench = True  # type: ignore[attr-defined]
    set_loader("yaml", load_value, (yaml.YAMLError,))

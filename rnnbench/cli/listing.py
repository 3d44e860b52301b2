"""``rnnbench list``: what there is, without importing torch."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

import rnnbench
from rnnbench.applications import applications
from rnnbench.cli.presets import config_path, preset_names

_KINDS = ("applications", "cells", "data", "presets")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser("list", help="list applications, cells, data sets and presets")
    parser.add_argument("kind", nargs="?", choices=_KINDS, help="only these (default: all)")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the lists."""
    sections = {"applications": application_rows, "cells": cells, "data": data_sets, "presets": presets}
    kinds = [arguments.kind] if arguments.kind else list(_KINDS)
    for kind in kinds:
        if len(kinds) > 1:
            print(f"{kind}:")
        rows = sections[kind]()
        width = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            print(f"  {name:<{width}}  {text}".rstrip())
    return 0


def application_rows() -> list[tuple[str, str]]:
    """Name and purpose of each application, from its card."""
    return [(name, f"{one.card.title}: {one.card.summary}") for name, one in applications().items()]


def cells() -> list[tuple[str, str]]:
    """Name and summary of each cell, read from the sources: the classes that `rnnbench.cells` exports, but the base."""
    folder = Path(rnnbench.__file__).parent / "cells"
    exported = _exported(folder / "__init__.py")
    rows = []
    for path in sorted(folder.glob("*.py")):
        if path.name == "base.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name in exported:
                rows.append((node.name, (ast.get_docstring(node) or "").split("\n", 1)[0]))
    return sorted(rows)


def data_sets() -> list[tuple[str, str]]:
    """Name and title of each data card."""
    from rnnbench.data.cards import card_names, load_card

    return [(name, load_card(name).title) for name in card_names()]


def presets() -> list[tuple[str, str]]:
    """Name of each preset, what it needs that is not there, in brackets, and its first comment line."""
    from rnnbench.cli.needs import needs

    rows = []
    for name in preset_names():
        path = config_path(name)
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        missing = "".join(f"[{need}] " for need in needs(path))
        rows.append((name, missing + (first.lstrip("# ") if first.startswith("#") else "")))
    return rows


def _exported(path: Path) -> list[str]:
    """What stands in a module's ``__all__``."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []

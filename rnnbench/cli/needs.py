"""What a preset needs before it trains: the network, files of the user's, or other runs; imports no torch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnnbench.data.cards import (
    BenchmarksInPackage,
    InPackage,
    OnHub,
    UserFiles,
    VectorsInPackage,
    card_names,
    load_card,
    names_card,
)
from rnnbench.data.fetched.fetch import cached
from rnnbench.errors import UserError
from rnnbench.schema import read_yaml

_NAMES = ("card", "vectors", "benchmarks")
_HUB = "rnnbench.data.Hub"
# Options of models and data that name runs.
_RUNS = ("run", "runs", "segmenter")


def needs(config: Path) -> list[str]:
    """Needs that are not met yet, in a few words each: ``network``, ``files: imdb``, ``run: runs/labelling/segmenter``.

    Most presets have none.

    Args:
        config: A configuration.
    """
    content = read_yaml(config)
    if not isinstance(content, dict):
        return []
    found = [need for part in _mappings(content.get("data")) if (need := _need(part)) is not None]
    runs = [name for part in _mappings(content) for key in _RUNS for name in _strings(part.get(key))]
    found += [f"run: {name}" for name in runs if not (Path(name) / "checkpoints").is_dir()]
    return list(dict.fromkeys(found))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(one)


def _strings(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _need(part: dict[str, Any]) -> str | None:
    if part.get("class_path") == _HUB:
        return "network"
    for name in (part.get(key) for key in _NAMES):
        if not isinstance(name, str) or not names_card(name) or name not in card_names():
            continue
        origin = _source(name)
        if isinstance(origin, OnHub):
            return "network"
        if isinstance(origin, InPackage | VectorsInPackage | BenchmarksInPackage) and not _is_fetched(origin):
            return "network, once"
        if isinstance(origin, UserFiles) and not Path(part.get("path", name)).exists():
            return f"files: {part.get('path', name)}"
    vectors = part.get("vectors")
    if isinstance(vectors, str) and vectors not in card_names() and not Path(vectors).exists():
        return f"files: {vectors}"
    return None


@functools.cache
def _source(card: str) -> object:
    """Of a shipped card, which many presets name."""
    return load_card(card).source


def _is_fetched(origin: InPackage | VectorsInPackage | BenchmarksInPackage) -> bool:
    try:
        return all(cached(origin, name).is_file() for name in origin.members)
    except (OSError, UserError):
        return False

"""What a preset needs before it trains: the network, or files of the user's; imports no torch."""

from __future__ import annotations

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


def needs(config: Path) -> list[str]:
    """Needs that are not met yet, in a few words each: ``network``, ``files: imdb``; none for most presets.

    Args:
        config: A configuration.
    """
    content = read_yaml(config)
    data = content.get("data") if isinstance(content, dict) else None
    return list(dict.fromkeys(need for part in _mappings(data) if (need := _need(part)) is not None))


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(one)


def _need(part: dict[str, Any]) -> str | None:
    if part.get("class_path") == _HUB:
        return "network"
    for name in (part.get(key) for key in _NAMES):
        if not isinstance(name, str) or not names_card(name) or name not in card_names():
            continue
        origin = load_card(name).source
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


def _is_fetched(origin: InPackage | VectorsInPackage | BenchmarksInPackage) -> bool:
    try:
        return all(cached(origin, name).is_file() for name in origin.members)
    except (OSError, UserError):
        return False

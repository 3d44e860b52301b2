"""Data cards by name."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard, TypeVar

from rnnbench.applications import applications
from rnnbench.data.cards.card import Card
from rnnbench.data.cards.origin import BenchmarksInPackage, Builtin, InPackage, OnHub, UserFiles, VectorsInPackage
from rnnbench.errors import UserError, did_you_mean
from rnnbench.folders import data_folder
from rnnbench.schema import build, read_yaml

_O = TypeVar("_O", Builtin, UserFiles, OnHub, InPackage, VectorsInPackage, BenchmarksInPackage)


def card_names() -> list[str]:
    """Names of the cards that are shipped, sorted."""
    return sorted(path.stem for path in data_folder().glob("*.yaml"))


def load_card(name: str) -> Card:
    """Reads a card.

    Args:
        name: Name of a shipped card, or path of a ``.yaml`` file of the user's own.

    Raises:
        UserError: There is no such card, or it breaks the schema.
    """
    own = name.endswith((".yaml", ".yml"))
    path = Path(name).expanduser() if own else data_folder() / f"{name}.yaml"
    if own and not path.is_file():
        beside = [one.name for one in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, beside) if beside else "a card that is shipped is named without .yaml"
        raise UserError("there is no such data card", where=path, hint=hint)
    # Compared with the names, not asked of the disk: "../x" is no name.
    if not own and name not in card_names():
        raise UserError(f"there is no data card {name!r}", hint=did_you_mean(name, card_names()))
    card = build(Card, read_yaml(path), path)
    for name in card.applications:
        if name not in applications():
            raise UserError(f"there is no application {name!r}", where=path, hint=did_you_mean(name, applications()))
    if card.name != path.stem:
        raise UserError(f"the card calls itself {card.name!r}", where=path, hint="name and file name must agree")
    return card


def names_card(option: str | None) -> TypeGuard[str]:
    """Whether an option names a card.

    Args:
        option: What was given; ``none`` is no card, because a command line cannot put null in a preset's place.
    """
    return option is not None and option.lower() != "none"


def load_origin(name: str, kind: type[_O]) -> tuple[Card, _O]:
    """A card and its source, which has to be of one kind.

    Args:
        name: Name of the card.
        kind: The kind that the caller can use.

    Raises:
        UserError: The card's source is of another kind.
    """
    card = load_card(name)
    if not isinstance(card.source, kind):
        raise UserError(
            f"the data of this card are of kind {card.source.kind!r} and come another way",
            where=f"card {name}",
            hint=f"use: {card.source.use}; data of your own have no card: --data.source.card none",
        )
    return card, card.source

"""Data cards: what a data set is, where it comes from, and how large it has to be. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeGuard, TypeVar

import yaml

from rnnbench.data.schema import Sha256, build
from rnnbench.data.source import Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.shipped import data_folder

Application = Literal["text_generation", "sentiment", "labelling", "speech", "captioning", "translation"]


@dataclass(frozen=True)
class Builtin:
    """A data set that is made on the spot.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        modules: Modules of the standard library, split by split; none where data are generated.
    """

    kind: Literal["builtin"]
    use: str
    modules: dict[Split, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class UserFiles:
    """A data set that users bring as files.

    Args:
        kind: Marks this kind of source in a card.
        get: Where they get it.
        use: Options to type.
        sha256: Checksum of the file of each split, and of the ``whole`` where one file holds all; empty where the files
            are not fixed byte for byte.
    """

    kind: Literal["files"]
    get: str
    use: str
    sha256: dict[Literal["train", "validation", "test", "whole"], Sha256] = field(default_factory=dict)


@dataclass(frozen=True)
class OnHub:
    """A data set of the Hugging Face hub.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        name: Name on the hub.
    """

    kind: Literal["hub"]
    use: str
    name: str


@dataclass(frozen=True)
class InPackage:
    """Lines of text files inside a package of the Python index.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        requirement: The package with its exact version.
        file: File name of the source archive or wheel.
        sha256: Checksum of that file.
        members: Checksum of each text file, by its path in the archive, in the order in which they are read.
        percent: Share of each split; a line's split follows from its hash.
        inside: Archive inside the package that holds the files; ``members`` are then paths in it.
        format: What a line is: a text; columns parted by tabs; or words with their tags, ``word/tag``.
        columns: Names of the columns, ``text`` among them. The sign of a ``rating`` is the label, lines with 0 are left
            out.
        labels: Label of all lines of a text file, by its path.
    """

    kind: Literal["package"]
    use: str
    requirement: str
    file: str
    sha256: Sha256
    members: dict[str, Sha256]
    percent: dict[Split, int]
    inside: str | None = None
    format: Literal["lines", "columns", "tagged"] = "lines"
    columns: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VectorsInPackage:
    """Pretrained word vectors inside a package of the Python index.

    Args:
        kind: Marks this kind of source in a card.
        use: Options to type.
        requirement: The package with its exact version.
        file: File name of the source archive or wheel.
        sha256: Checksum of that file.
        members: Checksum of both files, by its path in the archive: first the words, a Parquet file of one column, then
            the vectors, a row a word, a file of NumPy.
        inside: Archive inside the package that holds the files.
    """

    kind: Literal["vectors"]
    use: str
    requirement: str
    file: str
    sha256: Sha256
    members: dict[str, Sha256]
    inside: str | None = None


Origin = Builtin | UserFiles | OnHub | InPackage | VectorsInPackage


@dataclass(frozen=True)
class Size:
    """Size of a split; what is not fixed is left out.

    Args:
        rows: Rows: files, documents or records.
        lines: Lines of text.
        characters: Unicode code points of the texts.
        tokens: Words between white space, and an end mark for each line.
    """

    rows: int | None = None
    lines: int | None = None
    characters: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Card:
    """One data set.

    Args:
        name: The card's file name without extension; it stands in results.
        title: One line.
        applications: Applications it is meant for.
        source: Where it comes from.
        licence: What may be done with it.
        language: Language of the text.
        splits: Sizes; none for word vectors.
        url: Origin, a URL or the name of a repository or package.
        citation: Paper or author to name.
        notes: Anything else.
    """

    name: str
    title: str
    applications: tuple[Application, ...]
    source: Origin
    licence: str
    language: str
    splits: dict[Split, Size]
    url: str
    citation: str | None = None
    notes: str | None = None


_O = TypeVar("_O", Builtin, UserFiles, OnHub, InPackage, VectorsInPackage)


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
    # Compared with the names, not asked of the disk: "../x" is no name.
    if not (path.is_file() if own else name in card_names()):
        raise UserError(f"there is no data card {name!r}", hint=did_you_mean(name, card_names()))
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"not a card: {' '.join(str(error).split())}", where=path) from None
    card = build(Card, values, path)
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


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which takes no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)

"""What a data set is, where it comes from, and how large it has to be. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from rnnbench.data.cards.origin import Origin
from rnnbench.data.source import Split


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
    applications: tuple[str, ...]
    source: Origin
    licence: str
    language: str
    splits: dict[Split, Size]
    url: str
    citation: str | None = None
    notes: str | None = None

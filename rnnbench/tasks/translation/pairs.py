"""Records of a source as sentences with their translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError

_NESTED = "translation"
_MEANINGS = "meanings"

Place = Callable[[int], str]
"""Where the record of a number stands, for errors."""

Alignment = tuple[frozenset[int], ...]
"""For each word of the target the words of the source that it says the same as; none for a word that says nothing."""


class Pair(NamedTuple):
    """A sentence with its translation, each without line breaks and white space around it."""

    source: str
    target: str
    alignment: Alignment | None = None
    """Where it is known: the words of both are then what white space separates."""


def read_pairs(records: Sequence[Row], source_language: str, target_language: str, place: Place) -> list[Pair]:
    """The pairs of one split.

    Args:
        records: Records with a column for each language, or with a column ``translation`` that holds a text for each
            language. A column ``meanings`` holds for each language what each word says, as lists of names: words that
            share one are translations of each other.
        source_language: Column of the source.
        target_language: Column of the target.
        place: Where a record stands.

    Raises:
        UserError: A record has no such column, or no text in it.
    """
    pairs = []
    for number, record in enumerate(records):
        texts = record.get(_NESTED, record)
        source = _text(texts, source_language, "source_language", number, place)
        target = _text(texts, target_language, "target_language", number, place)
        meanings = record.get(_MEANINGS)
        alignment = None if meanings is None else _align(meanings[source_language], meanings[target_language])
        pairs.append(Pair(source, target, alignment))
    return pairs


def _text(texts: Any, language: str, option: str, number: int, place: Place) -> str:
    if not isinstance(texts, dict):
        raise UserError(f"{_NESTED!r} holds no text for each language but {type(texts).__name__}", where=place(number))
    if language not in texts:
        raise UserError(
            f"there is no language {language!r}; the columns there: {', '.join(texts) or 'none'}",
            where=place(number),
            hint=f"--data.{option} names it, or {name_it(language, texts)}",
        )
    text = texts[language]
    if not isinstance(text, str):
        raise UserError(f"{language!r} holds no text but {type(text).__name__}", where=place(number))
    # A line break inside would part a sentence in two wherever lines are written.
    return " ".join(split_lines(text)).strip()


def _align(source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> Alignment:
    return tuple(
        frozenset(i for i, meanings in enumerate(source) if not wanted.isdisjoint(meanings))
        for wanted in map(frozenset, target)
    )

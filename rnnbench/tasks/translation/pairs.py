"""Records of a source as sentences with their translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.lazy import each
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError

_NESTED = "translation"
_MEANINGS = "meanings"
_ALIGNMENT = "alignment"
_LINK = re.compile(r"(\d+)([-?p])(\d+)")

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
    possible: Alignment | None = None
    """Where some links are not sure: the sure and the possible ones."""


def read_pairs(records: Sequence[Row], source_language: str, target_language: str, place: Place) -> Sequence[Pair]:
    """The pairs of one split; of large data each is read when it is asked for.

    Args:
        records: Records with a column for each language, or with a column ``translation`` that holds a text for each
            language. A column ``meanings`` holds for each language what each word says, as lists of names: words that
            share one are translations of each other. A column ``alignment`` holds links as text: ``0-0 1-2 3?4`` (or
            ``3p4``), places of words in source and target from 0, those with a ``?`` being possible and no more.
        source_language: Column of the source.
        target_language: Column of the target.
        place: Where a record stands.

    Raises:
        UserError: A record has no such column, or no text in it; or links that are none.
    """

    def pair(record: Row, number: int) -> Pair:
        texts = record.get(_NESTED, record)
        source = _text(texts, source_language, "source_language", number, place)
        target = _text(texts, target_language, "target_language", number, place)
        meanings, links = record.get(_MEANINGS), record.get(_ALIGNMENT)
        if meanings is not None:
            return Pair(source, target, _align(meanings[source_language], meanings[target_language]))
        if links is not None:
            return Pair(source, target, *_linked(links, source, target, partial(place, number)))
        return Pair(source, target)

    return each(records, pair)


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


def _linked(links: Any, source: str, target: str, where: Callable[[], str]) -> tuple[Alignment, Alignment]:
    """The sure links, and those together with the possible ones."""
    if not isinstance(links, str):
        raise UserError(f"{_ALIGNMENT!r} holds no text but {type(links).__name__}", where=where(), hint="0-0 1-2 3?4")
    sizes = len(source.split()), len(target.split())
    sure, possible = ([set[int]() for _ in range(sizes[1])] for _ in range(2))
    for link in links.split():
        match = _LINK.fullmatch(link)
        if match is None:
            raise UserError(f"{link!r} is no link of two words", where=where(), hint="0-0 1-2 3?4, places from 0")
        i, j = int(match[1]), int(match[3])
        if i >= sizes[0] or j >= sizes[1]:
            raise UserError(
                f"{link} links word {i} with word {j}; the source has {sizes[0]} words, the target {sizes[1]}",
                where=where(),
                hint="places are counted from 0, words are what white space separates",
            )
        possible[j].add(i)
        if match[2] == "-":
            sure[j].add(i)
    return tuple(map(frozenset, sure)), tuple(map(frozenset, possible))

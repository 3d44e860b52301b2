"""Rows of a source as tagged sentences."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from rnnbench.data.formats.labels import label_names
from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.lazy import each
from rnnbench.data.source import Row, name_it, text_of
from rnnbench.data.text.spans import Scheme, Span, check_entity_tags, spans, tag_spans
from rnnbench.errors import UserError

LabellingTask = Literal["segmentation", "tags", "entities"]
"""What is looked for: words in text without spaces; a tag of each token, such as its part of speech; spans of tokens
with their kinds, such as names."""


Place = Callable[[int], str]


class Sentence(NamedTuple):
    """A sequence of tokens, each with a tag."""

    tokens: list[str]
    tags: list[str]


def read_sentences(
    rows: Sequence[Row], task: LabellingTask, scheme: Scheme, column: str, place: Place
) -> Sequence[Sentence]:
    """The sentences of one split; of large data with tags each is read when it is asked for.

    Args:
        rows: Rows with ``tokens`` and their tags; for segmentation also text with spaces between the words, a sentence
            a line.
        task: What is looked for.
        scheme: How spans are to be written, however they are written in the rows.
        column: Name of the column with the tags.
        place: Where the row of a number stands, for errors.

    Raises:
        UserError: A row does not hold what the task needs; names the row.
    """
    if task == "segmentation":
        return [segmented(words) for words in _words(rows, column, place)]
    sentences = each(rows, lambda row, number: _sentence(row, column, number, place))
    if task == "tags":
        return sentences
    checked: set[str] = set()

    def in_scheme(sentence: Sentence, number: int) -> Sentence:
        tokens, tags = sentence
        if not checked.issuperset(tags):
            check_entity_tags(tags, functools.partial(place, number))
            checked.update(tags)
        return Sentence(tokens, tag_spans(spans(tags), len(tags), scheme))

    return each(sentences, in_scheme)


def segmented(words: Sequence[str]) -> Sentence:
    """Words as characters with B/M/E/S tags."""
    found, end = [], 0
    for word in words:
        start, end = end, end + len(word)
        found.append(Span(start, end, ""))
    return Sentence(list("".join(words)), tag_spans(found, end, "bmes"))


def words_of(sentence: Sentence) -> list[tuple[int, str]]:
    """The words that B/M/E/S tags make of characters, each with the place of its first one."""
    return [(start, "".join(sentence.tokens[start:end])) for start, end, _ in spans(sentence.tags)]


def _words(rows: Sequence[Row], column: str, place: Place) -> Iterator[list[str]]:
    """The words of every sentence, in whatever form a source has them."""
    tagged = [row for row in rows if "tokens" in row and column in row]
    # Characters that are tagged already, or words with tags of something else, which are left out here.
    characters = bool(tagged) and all(set(row[column]) <= set("BMES") for row in tagged)
    for i, row in enumerate(rows):
        if "tokens" not in row:
            for line in split_lines(text_of(row, functools.partial(place, i))):
                if line.strip():
                    yield line.split()
        elif characters:
            yield [word for _, word in words_of(_sentence(row, column, i, place))]
        else:
            yield _strings(row, "tokens", i, place)


def _sentence(row: Row, column: str, number: int, place: Place) -> Sentence:
    for name in ("tokens", column):
        if name not in row:
            hint = name_it(name, row)
            if list(row) == ["text"]:
                hint = "tagged text comes as .conll, .jsonl or .parquet with columns tokens and tags"
            raise UserError(f"there is no column {name!r}; there are: {', '.join(row)}", where=place(number), hint=hint)
    tokens = _strings(row, "tokens", number, place)
    tags = label_names(_strings(row, column, number, place), column, lambda _: place(number))
    if len(tokens) != len(tags):
        raise UserError(f"{len(tokens)} tokens with {len(tags)} tags", where=place(number))
    return Sentence(tokens, tags)


def _strings(row: Row, name: str, number: int, place: Place) -> list[str]:
    value = row[name]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise UserError(
            f"{name} is no list of words: {str(value)[:80]}",
            where=place(number),
            hint='.jsonl and .parquet have lists, such as ["a", "b"]; .conll has a token on each line',
        )
    # A word that occurs a million times is one string in memory, and not as many as a file has of it.
    return list(map(sys.intern, value))


def units_of(sentence: Sentence, task: LabellingTask) -> list[tuple[int, str]]:
    """What can be new to a model, with its place: words of a segmentation, else tokens."""
    return words_of(sentence) if task == "segmentation" else list(enumerate(sentence.tokens))


def kinds_of(tags: Iterable[str]) -> set[str]:
    """The kinds of the spans that tags write down."""
    return {tag.partition("-")[2] for tag in tags if "-" in tag}

"""Questions about stories: what a row of data has to say, and what is wrong where it does not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError

ONE_TASK = "1"
"""The task of a question that names none."""


class Question(NamedTuple):
    """A question about a story."""

    task: str
    """What kind of question it is, such as the number of a bAbI task."""
    story: tuple[str, ...]
    """The sentences before the question, in their order; at least one."""
    question: str
    answer: str
    """One word, or several joined by commas: always one answer."""
    supporting: tuple[int, ...]
    """Which sentences the answer follows from, counted from 0, in the order in which they are needed; empty where
    nobody said."""


def question_of(row: Row, place: Callable[[], str]) -> Question:
    """A row as a question.

    Args:
        row: It has a ``story``, a list of sentences or a text with a sentence on each line; a ``question``; an
            ``answer``, a text or a list of texts; perhaps a ``task`` and the numbers of ``supporting`` sentences.
        place: Says where it stands.

    Raises:
        UserError: Something is missing, empty, or refers to a sentence that is not there.
    """
    story = _sentences(row, place)
    answer = row.get("answer")
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        answer = ",".join(map(str, answer))
    return Question(
        task=str(row.get("task", ONE_TASK)),
        story=story,
        question=_text("question", row.get("question"), row, place),
        answer=_text("answer", answer, row, place),
        supporting=_supporting(row.get("supporting"), len(story), place),
    )


def _sentences(row: Row, place: Callable[[], str]) -> tuple[str, ...]:
    if "story" not in row:
        raise _missing("story", row, place)
    story = row["story"]
    if isinstance(story, str):
        story = [line for line in story.splitlines() if line.strip()]
    if not isinstance(story, Sequence) or not all(isinstance(sentence, str) for sentence in story):
        raise UserError(
            "the story is neither a list of sentences nor a text", where=place(), hint='such as ["Mary went home."]'
        )
    if not story:
        raise UserError(
            "the story has no sentence", where=place(), hint="a question needs at least one sentence before it"
        )
    for number, sentence in enumerate(story):
        if not has_word(sentence):
            raise UserError(f"sentence {number} of the story has no word: {sentence!r}", where=place())
    return tuple(story)


def _text(column: str, value: Any, row: Row, place: Callable[[], str]) -> str:
    if column not in row:
        raise _missing(column, row, place)
    if isinstance(value, bool | int | float):
        value = str(value)
    if not isinstance(value, str) or not has_word(value):
        raise UserError(f"the {column} has no word: {value!r}", where=place())
    return value.strip()


def _supporting(value: Any, sentences: int, place: Callable[[], str]) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or not all(type(number) is int for number in value):
        raise UserError(f"the supporting sentences are no list of numbers: {value!r}", where=place())
    for number in value:
        if not 0 <= number < sentences:
            raise UserError(
                f"supporting sentence {number} is none of the {sentences} of the story",
                where=place(),
                hint="they are counted from 0",
            )
    return tuple(dict.fromkeys(value))


# Sentences come again and again.
@functools.lru_cache(maxsize=1 << 16)
def has_word(text: str) -> bool:
    """Whether there is a letter or a digit in a text."""
    return any(char.isalnum() for char in text)


def _missing(column: str, row: Row, place: Callable[[], str]) -> UserError:
    there = ", ".join(row) or "none"
    return UserError(f"there is no {column}; the columns there: {there}", where=place(), hint=name_it(column, row))

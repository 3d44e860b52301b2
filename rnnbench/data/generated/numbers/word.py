"""A word of a number, and what it says."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

NOTHING: frozenset[str] = frozenset()
"""What a word such as ``and`` says."""


class Word(NamedTuple):
    """A morpheme: ``ein``, ``und`` and ``zwanzig`` are written as one word, but each says something else."""

    text: str
    meanings: frozenset[str]
    """What it says, by names that are the same in all languages."""
    gap: str = " "
    """What stands between it and the word before where text is written as usual."""


def join(words: Sequence[Word]) -> str:
    """The words as they are usually written, such as ``einundzwanzig``."""
    return "".join(word.gap + word.text for word in words)[len(words[0].gap) :]


def first_after(gap: str, words: list[Word]) -> list[Word]:
    """The same words, with another gap before the first one."""
    return [words[0]._replace(gap=gap), *words[1:]]


def saying(meaning: str, words: list[Word]) -> list[Word]:
    """The same words, each of which says one thing: what they say together."""
    return [word._replace(meanings=frozenset([meaning])) for word in words]


@functools.cache
def digit(of: str, place: int) -> frozenset[str]:
    """The meaning of a digit.

    Args:
        of: What the number counts.
        place: Its place in it, 0 for the last one.
    """
    return frozenset([f"{of} {place}"])


@functools.cache
def tens(of: str, places: tuple[int, ...], start: int, stop: int) -> frozenset[str]:
    """Factors ten: a digit at place n stands for itself times n tens.

    Args:
        of: What the number counts.
        places: Places of digits.
        start: First factor of each of these places, from 1.
        stop: Last factor.
    """
    return frozenset(f"{of} {place} ten {n}" for place in places for n in range(start, stop + 1))


def ten(of: str, place: int) -> frozenset[str]:
    """The last factor ten of a place: what makes twenty of two."""
    return tens(of, (place,), place, place)


def filled(value: int, places: Iterable[int]) -> tuple[int, ...]:
    """Those of the places where a number has another digit than 0."""
    return tuple(place for place in places if value // 10**place % 10)

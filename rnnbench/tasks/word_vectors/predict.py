"""Words that are alike: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rnnbench.data.lines import Line, LineStream, json_line
from rnnbench.errors import UserError
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.texts import listed
from rnnbench.tasks.word_vectors.lookup import Lookup
from rnnbench.tasks.word_vectors.model import WordModel

_SIGN = re.compile(r"[+\-−]")


class Wanted(NamedTuple):
    """What a line asks."""

    to: list[str]
    """Words to be near to."""
    away: list[str]
    """Words to be far from."""
    together: bool
    """Whether they stand beside each other without a sign: the one that is least like the others is asked for, of two
    how alike they are."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument("--nearest", type=int, default=10, metavar="N", help="so many words (default: 10)")
    parser.add_argument(
        "--multiply",
        action="store_true",
        help="sums are answered by products of cosines (3CosMul), in which no single word outweighs the others",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="what was asked and each word with its cosine, parted by tabs; or JSON, an object a line (default: text)",
    )


def read_line(text: str) -> Wanted:
    """What a line asks.

    ``king``: words like it. ``king - man + woman``: words like the sum. ``breakfast dinner car``: which is the odd one.
    ``king queen``: how alike they are.

    Args:
        text: The line. A sign stands by itself: some words have one in them.
    """
    to: list[str] = []
    away: list[str] = []
    signs, side = False, to
    for word in text.split():
        if _SIGN.fullmatch(word):
            signs, side = True, to if word == "+" else away
        else:
            side.append(word)
            side = to
    return Wanted(to, away, together=not signs and len(to) > 1)


def predict(model: WordModel, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Answers each line.

    Args:
        model: A trained model.
        lines: Lines of the input, see `read_line`.
        arguments: The parsed options.

    Yields:
        A line for each: what was asked, then each word and how near it is; ``-`` where nothing is known of a word.
    """
    if not lines:
        raise UserError(
            "there is no word", where="rnnbench predict", hint="name a file with words on each line, or - for stdin"
        )
    if arguments.nearest < 1:
        raise UserError(f"must be at least 1, found {arguments.nearest}", where="--nearest")
    with evaluating(model):
        lookup = model.lookup()
        for text, _ in lines:
            wanted = read_line(text)
            answer = _answer(lookup, wanted, arguments)
            if arguments.format == "json":
                yield json_line({"asked": text, **answer})
                continue
            if "nearest" in answer:
                fields = [f"{one['word']} {one['cosine']:.4f}" for one in answer["nearest"]]
            else:
                fields = [answer["odd"] if "odd" in answer else f"{answer['cosine']:.4f}"]
            yield "\t".join([text.replace("\t", " "), *(fields or ["-"])]) + "\n"


def _answer(lookup: Lookup, wanted: Wanted, arguments: argparse.Namespace) -> dict[str, Any]:
    if not wanted.to or missing(lookup, wanted):
        return {"nearest": []}
    if wanted.together:
        if len(wanted.to) == 2:
            return {"cosine": lookup.cosine(wanted.to[0], wanted.to[1])}
        return {"odd": lookup.odd_one(wanted.to)}
    found = lookup.nearest(wanted.to, wanted.away, arguments.nearest, arguments.multiply)
    return {"nearest": [one._asdict() for one in found]}


def missing(lookup: Lookup, wanted: Wanted) -> list[str]:
    """The words of a line that have no vector."""
    return [word for word in dict.fromkeys([*wanted.to, *wanted.away]) if lookup.vector(word) is None]


def warnings(model: WordModel, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: words that have no vector, with those that are spelt alike."""
    lookup = model.lookup()
    found = []
    for text, where in lines:
        wanted = read_line(text)
        if not wanted.to:
            found.append(f"{where}: there is no word to be near to")
        for word in missing(lookup, wanted):
            near = lookup.near_spellings(word)
            found.append(f"{where}: {word!r} has no vector" + (f"; did you mean: {listed(near)}" if near else ""))
    return found

"""Filling the blanks of lines with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import unknown_words
from rnnbench.tasks.cloze.blanks import BLANK, Blanks, find_blanks
from rnnbench.tasks.cloze.model import Candidate, ClozeTask

_AT_ONCE = 256
_BUDGET = Budget(max_tokens=4096)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="the line with its blanks filled, then after a tab the candidates of each blank with their probabilities;"
        " or JSON with the same (default: text)",
    )
    parser.add_argument("--candidates", type=int, metavar="N", default=5, help="candidates of a blank (default: 5)")


def predict(model: ClozeTask, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Fills the blanks of each line, each as if the others were unknown. Lines without a blank stay as they are.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        A line for each.

    Raises:
        UserError: A line is nothing but blanks.
    """
    if not lines:
        raise UserError(
            "there is no blank to fill", where="rnnbench predict", hint=f"name a file with lines that have {BLANK}"
        )
    if arguments.candidates < 1:
        raise UserError(f"must be at least 1, found {arguments.candidates}", where="--candidates")
    for part in in_parts(lines, arguments.batch_size or _AT_ONCE):
        read = [find_blanks(text, model.encoder) for text, _ in part]
        for one, (_, where) in zip(read, part, strict=True):
            if one.places and len(one.places) == len(one.ids):
                raise UserError("a blank with nothing around it", where=where, hint=f"such as: I am {BLANK} hungry")
        for one, found in zip(read, _fill(model, read, arguments.candidates), strict=True):
            yield _as_json(one, found) if arguments.format == "json" else _as_text(one, found)


def _fill(model: ClozeTask, lines: Sequence[Blanks], most: int) -> list[list[list[Candidate]]]:
    """For each line, for each of its blanks, candidates."""
    found: list[list[list[Candidate]]] = [[] for _ in lines]
    asked = [i for i, one in enumerate(lines) if one.places]
    for rows in evaluation_batches([len(lines[i].ids) for i in asked], _BUDGET) if asked else ():
        chosen = [asked[row] for row in rows]
        for i, places in zip(chosen, model.fill([lines[i].ids for i in chosen], most), strict=True):
            found[i] = [places[place] for place in lines[i].places]
    return found


def _as_text(one: Blanks, found: Sequence[Sequence[Candidate]]) -> str:
    told = [" ".join(f"{token} {probability:.3f}" for token, probability in candidates) for candidates in found]
    return "\t".join([one.filled([candidates[0].token for candidates in found]), *told]) + "\n"


def _as_json(one: Blanks, found: Sequence[Sequence[Candidate]]) -> str:
    blanks = [dict(candidates) for candidates in found]
    text = one.filled([candidates[0].token for candidates in found])
    return json_line({"text": one.text, "filled": text, "blanks": blanks})


def warnings(model: ClozeTask, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what of it the model has never seen."""
    words = [token for text, _ in lines for part in text.split(BLANK) for token in model.encoder.missing(part)]
    nothing = [f"{where}: nothing of it is in the vocabulary" for text, where in lines if _strange(model, text)]
    return [*nothing, *unknown_words(list(dict.fromkeys(words)))]


def _strange(model: ClozeTask, text: str) -> bool:
    parts = [part for part in text.split(BLANK) if part.strip()]
    return bool(parts) and all(model.encoder.knows_nothing(part) for part in parts)

"""What a model made of a few test items, kept by a run for people to read: ``examples.json``.

A text may be in pieces, each with how sure the model was after it: coloured sentiment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.safe_files import read_text, replace_text

EXAMPLES_FILE = "examples.json"


@dataclass(frozen=True)
class Piece:
    """A piece of a text.

    Args:
        text: The piece.
        label: What the model thinks after it; empty where it thinks nothing.
        strength: How sure it is, from 0 for undecided to 1 for certain.
        hue: Number of the label, for its colour.
    """

    text: str
    label: str = ""
    strength: float = 0.0
    hue: int = 0


@dataclass(frozen=True)
class Line:
    """A named text, e.g. the source of a translation.

    Args:
        name: What it is.
        pieces: The text in pieces.
    """

    name: str
    pieces: tuple[Piece, ...]


Example = tuple[Line, ...]
"""The lines that belong to one item."""


def plain(name: str, text: str) -> Line:
    """A line of one piece."""
    return Line(name, (Piece(text),))


def write_examples(path: Path, examples: Sequence[Example]) -> None:
    """Writes the whole file, or leaves the old one as it is; without examples there is none."""
    if not examples:
        path.unlink(missing_ok=True)
        return
    content = [
        [[line.name, [[p.text, p.label, round(p.strength, 3), p.hue] for p in line.pieces]] for line in example]
        for example in examples
    ]
    replace_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def read_examples(path: Path) -> list[Example]:
    """The examples of a run; none where it kept none."""
    if not path.is_file():
        return []
    try:
        return [
            tuple(Line(str(name), tuple(_piece(*piece) for piece in pieces)) for name, pieces in example)
            for example in json.loads(read_text(path))
        ]
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"not the examples of a run: {error}", where=path, hint="write them again with `rnnbench test --run RUN`"
        ) from None


def _piece(text: str, label: str, strength: float, hue: int) -> Piece:
    return Piece(str(text), str(label), min(max(float(strength), 0.0), 1.0), int(hue))

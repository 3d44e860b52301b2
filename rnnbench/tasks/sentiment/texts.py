"""Rows of a source as texts with labels, and phrases of parse trees as more of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rnnbench.data.column_names import name_it
from rnnbench.data.formats.trees import read_phrases
from rnnbench.data.source import Row
from rnnbench.errors import UserError, did_you_mean

_TREE = "tree"

Place = Callable[[int], str]
"""Where the row of a number stands, for errors."""


class LabelledText(NamedTuple):
    """A text with its label."""

    text: str
    label: str
    row: int
    """Number of the row it comes from."""


def texts_of(rows: Sequence[Row], place: Place) -> list[LabelledText]:
    """A text for each row.

    Args:
        rows: Rows with ``text`` and ``label``; a label is text or a whole number.
        place: Where a row stands.

    Raises:
        UserError: A row has no label, or one that names no class.
    """
    return [LabelledText(row["text"], _label(row, number, place), number) for number, row in enumerate(rows)]


def phrases_of(rows: Sequence[Row], place: Place) -> list[LabelledText]:
    """Every phrase of the rows' parse trees, each text once, the first time it occurs.

    Nodes are labelled by short names, often digits; what they mean follows from the labels of the whole sentences.

    Args:
        rows: Rows with ``label`` and ``tree``.
        place: Where a row stands.

    Raises:
        UserError: A row has no tree or a malformed one, or a node has a label that no sentence has.
    """
    trees = []
    names: dict[str, str] = {}
    for number, row in enumerate(rows):
        if not isinstance(row.get(_TREE), str):
            raise UserError(f"there is no column {_TREE!r}", where=place(number), hint="--data.phrases false")
        try:
            phrases = read_phrases(row[_TREE])
        except ValueError as error:
            raise UserError(str(error), where=place(number)) from None
        root, label = phrases[-1].label, _label(row, number, place)
        if names.setdefault(root, label) != label:
            raise UserError(f"{root} of the tree is {label} here and {names[root]} before", where=place(number))
        trees.append(phrases)
    found: dict[str, LabelledText] = {}
    for number, phrases in enumerate(trees):
        for phrase in phrases:
            if phrase.label not in names:
                hint = did_you_mean(phrase.label, names)
                raise UserError(f"no sentence has the label {phrase.label} of a phrase", where=place(number), hint=hint)
            found.setdefault(phrase.text, LabelledText(phrase.text, names[phrase.label], number))
    return list(found.values())


def _label(row: Row, number: int, place: Place) -> str:
    label: Any = row.get("label")
    if isinstance(label, bool) or not isinstance(label, str | int) or label == "":
        missing = f"there is no column 'label'; there are: {', '.join(row)}"
        problem = missing if "label" not in row else f"{label!r} is no label"
        raise UserError(problem, where=place(number), hint=name_it("label", row) if "label" not in row else None)
    return str(label)

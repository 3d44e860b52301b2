"""Rows of a source as texts with labels, phrases of parse trees as more of them, and labels put together to classes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.data.formats.labels import label_names
from rnnbench.data.formats.trees import read_phrases
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Row, Split, name_it, text_of
from rnnbench.data.text.vocabulary import Labels
from rnnbench.errors import UserError, did_you_mean

_TREE = "tree"
_LABEL = "label"

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
        rows: Rows with ``text`` and ``label``, see `rnnbench.data.formats.labels.label_names`.
        place: Where a row stands.

    Raises:
        UserError: A row has no label, or one that names no class.
    """
    labels = _labels(rows, place)
    texts = [text_of(row, functools.partial(place, number)) for number, row in enumerate(rows)]
    return [LabelledText(*parts) for parts in zip(texts, labels, range(len(rows)), strict=True)]


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
    labels = _labels(rows, place)
    for number, row in enumerate(rows):
        if not isinstance(row.get(_TREE), str):
            raise UserError(f"there is no column {_TREE!r}", where=place(number), hint="--data.phrases false")
        try:
            phrases = read_phrases(row[_TREE])
        except ValueError as error:
            raise UserError(str(error), where=place(number)) from None
        root, label = phrases[-1].label, labels[number]
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


def in_classes(
    texts: Sequence[LabelledText], classes: Mapping[str, str] | None, split: Split, left_out: LeftOut
) -> list[LabelledText]:
    """The texts whose label is in a class, with that class as their label.

    Args:
        texts: The texts of a split.
        classes: The class of each label; None where every label is a class.
        split: The split.
        left_out: Takes the others.

    Raises:
        UserError: There are only others.
    """
    if classes is None:
        return list(texts)
    kept = []
    for one in texts:
        if one.label in classes:
            kept.append(one._replace(label=classes[one.label]))
        else:
            left_out.add(split, one.row, f"label {one.label} is in no class", "dropped")
    if not kept:
        labels = sorted({one.label for one in texts})
        raise UserError(f"no label of {split} is in a class; its labels: {', '.join(labels)}", where="data.classes")
    return kept


def class_numbers(texts: Sequence[LabelledText], labels: Labels, place: Place) -> Tensor:
    """The classes ``(N,)`` int64 of texts.

    Args:
        texts: The texts.
        labels: The classes of training.
        place: Where the row of a number stands.

    Raises:
        UserError: A label does not occur in training.
    """
    for one in texts:
        if one.label not in labels.names:
            labels.encode([one.label], where=place(one.row))
    return torch.from_numpy(labels.encode([one.label for one in texts], where="labels"))


def _labels(rows: Sequence[Row], place: Place) -> list[str]:
    for number, row in enumerate(rows):
        if _LABEL not in row:
            raise UserError(
                f"there is no column {_LABEL!r}; there are: {', '.join(row)}",
                where=place(number),
                hint=name_it(_LABEL, row),
            )
    return label_names((row[_LABEL] for row in rows), "labels", place)

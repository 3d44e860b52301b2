"""Rows of a source as texts with labels, phrases of parse trees as more of them, and labels put together to classes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.formats.labels import label_names
from rnnbench.data.formats.trees import read_phrases
from rnnbench.data.kept import Kept
from rnnbench.data.lazy import Chosen, each
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Row, Split, name_it, text_of
from rnnbench.data.text.token_file import TokenFile, write_tokens
from rnnbench.data.text.vocabulary import Labels
from rnnbench.errors import UserError, did_you_mean

_TREE = "tree"
_LABEL = "label"

Place = Callable[[int], str]
"""Where the row of a number stands, for errors."""


@dataclass(frozen=True)
class LabelledTexts:
    """N texts with a label each. Texts of large data are read when they are asked for.

    Args:
        texts: The texts.
        names: The labels that there are, sorted.
        labels: Which of them each text has ``(N,)``.
        rows: Number of the row that each text comes from ``(N,)``.
    """

    texts: Sequence[str]
    names: tuple[str, ...]
    labels: NDArray[np.int32]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def occurring(self) -> list[str]:
        """The labels that a text has."""
        return [self.names[number] for number in np.unique(self.labels).tolist()]


def texts_of(rows: Sequence[Row], place: Place, kept: Kept, name: str) -> LabelledTexts:
    """A text for each row.

    Args:
        rows: Rows with ``text`` and ``label``, see `rnnbench.data.formats.labels.label_names`.
        place: Where a row stands.
        kept: What is made of these data.
        name: What the labels are called there.

    Raises:
        UserError: A row has no label, or one that names no class.
    """
    names, labels = _kept_labels(rows, place, kept, name)
    texts = each(rows, lambda row, number: text_of(row, partial(place, number)))
    return LabelledTexts(texts, names, labels, np.arange(len(labels)))


def phrases_of(rows: Sequence[Row], place: Place) -> LabelledTexts:
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
    found: dict[str, tuple[str, int]] = {}
    for number, phrases in enumerate(trees):
        for phrase in phrases:
            if phrase.label not in names:
                hint = did_you_mean(phrase.label, names)
                raise UserError(f"no sentence has the label {phrase.label} of a phrase", where=place(number), hint=hint)
            found.setdefault(phrase.text, (names[phrase.label], number))
    kinds, numbers = _numbered([label for label, _ in found.values()])
    return LabelledTexts(list(found), kinds, numbers, np.array([number for _, number in found.values()]))


def in_classes(
    texts: LabelledTexts, classes: Mapping[str, str] | None, split: Split, left_out: LeftOut
) -> LabelledTexts:
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
        return texts
    names = tuple(sorted(set(classes.values())))
    class_of = np.array([names.index(classes[name]) if name in classes else -1 for name in texts.names], dtype=np.int32)
    labels = class_of[texts.labels]
    for number in np.flatnonzero(labels < 0).tolist():
        label = texts.names[texts.labels[number]]
        left_out.add(split, int(texts.rows[number]), f"label {label} is in no class", "dropped")
    kept = np.flatnonzero(labels >= 0)
    if not len(kept):
        labels_there = ", ".join(texts.occurring())
        raise UserError(f"no label of {split} is in a class; its labels: {labels_there}", where="data.classes")
    return LabelledTexts(Chosen(texts.texts, kept), names, labels[kept], texts.rows[kept])


def class_numbers(texts: LabelledTexts, labels: Labels, place: Place) -> Tensor:
    """The classes ``(N,)`` int64 of texts.

    Args:
        texts: The texts.
        labels: The classes of training.
        place: Where the row of a number stands.

    Raises:
        UserError: A label does not occur in training.
    """
    foreign = [number for number, name in enumerate(texts.names) if name not in labels.names]
    if (unknown := np.flatnonzero(np.isin(texts.labels, foreign))).size:
        first = int(unknown[0])
        labels.encode([texts.names[texts.labels[first]]], where=place(int(texts.rows[first])))
    number_of = [labels.names.index(name) if name in labels.names else -1 for name in texts.names]
    return torch.from_numpy(np.array(number_of, dtype=np.int64)[texts.labels])


def _kept_labels(rows: Sequence[Row], place: Place, kept: Kept, name: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    if kept.folder is None:
        return _numbered(_labels(rows, place))
    path = kept.folder / name

    def make() -> dict[str, Any]:
        names, numbers = _numbered(_labels(rows, place))
        write_tokens(path, [numbers], numbers.dtype)
        return {"names": names, "length": len(numbers)}

    def find(made: dict[str, Any]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        return tuple(made["names"]), TokenFile(path, np.int32, made["length"]).read()

    return kept(name, make, find)


def _numbered(labels: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    names = tuple(sorted(set(labels)))
    numbers = {name: number for number, name in enumerate(names)}
    return names, np.fromiter(map(numbers.__getitem__, labels), np.int32, len(labels))


def _labels(rows: Sequence[Row], place: Place) -> list[str]:
    def labels() -> Iterator[Any]:
        for number, row in enumerate(rows):
            if _LABEL not in row:
                raise UserError(
                    f"there is no column {_LABEL!r}; there are: {', '.join(row)}",
                    where=place(number),
                    hint=name_it(_LABEL, row),
                )
            # Each row of a file has a string of its own, of which millions would fill memory.
            yield sys.intern(row[_LABEL]) if type(row[_LABEL]) is str else row[_LABEL]

    return label_names(labels(), "labels", place)

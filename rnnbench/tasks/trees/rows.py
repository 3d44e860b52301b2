"""Rows of a source as trees whose labels are classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rnnbench.data.formats.labels import label_names
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Row, Split
from rnnbench.data.trees.read import TreeReader
from rnnbench.data.trees.tree import Tree
from rnnbench.errors import UserError, did_you_mean

_LABEL = "label"
_DEPTH = "depth"


class LabelledTree(NamedTuple):
    """A tree whose labels are classes."""

    tree: Tree
    row: int
    """Number of the row it comes from."""
    depth: int
    """How deep it is, as the row says, or its height."""


@dataclass(frozen=True)
class Labelling:
    """Which labels are classes.

    Args:
        below_root: Whether those of all nodes are, or that of the root alone.
        column: Column with the class of the whole; None for the label at the root, or the column ``label``.
        classes: The class of each label; None where a label is one.
    """

    below_root: bool
    column: str | None
    classes: Mapping[str, str] | None

    def of_rows(self, rows: Sequence[Row], place: Callable[[int], str]) -> dict[int, str]:
        """The labels that stand in a column, by the number of the row.

        Args:
            rows: The rows.
            place: Where the row of a number stands, for errors.

        Raises:
            UserError: There is no such column, or something in it that is no label.
        """
        name = self.column or _LABEL
        for number, row in enumerate(rows if self.column is not None else ()):
            if name not in row:
                raise UserError(f"there is no column {name!r}", where=place(number), hint=did_you_mean(name, row))
        have = [number for number, row in enumerate(rows) if row.get(name) is not None]
        found = label_names((rows[number][name] for number in have), "labels", lambda i: place(have[i]))
        return dict(zip(have, found, strict=True))

    def of_nodes(self, tree: Tree, whole: str | None) -> list[str | None] | None:
        """The label of every node; None where the root has none.

        Args:
            tree: The tree, with the labels that stand in it.
            whole: What stands in the column.
        """
        root = tree.root
        here = whole if self.column is not None or tree.labels[root] is None else tree.labels[root]
        if here is None:
            return None
        return [here if node == root else label if self.below_root else None for node, label in enumerate(tree.labels)]


def trees_of(
    rows: Sequence[Row],
    reader: TreeReader,
    labelling: Labelling,
    max_length: int | None,
    place: Callable[[int], str],
    leave: Callable[[int, str, str], None],
) -> list[LabelledTree]:
    """A tree for each row that has a class.

    Args:
        rows: The rows.
        reader: Reads their trees.
        labelling: Which labels are classes.
        max_length: The most words of a sentence.
        place: Where the row of a number stands, for errors.
        leave: Is told the number of a row that is not used as it is, why, and what was done with it.

    Raises:
        UserError: A row has no tree, or its root no label.
    """
    columns = labelling.of_rows(rows, place)
    found = []
    for number, row in enumerate(rows):
        try:
            tree = reader.read(row)
        except ValueError as error:
            without = str(error).startswith("there is no tree")
            hint = "take one that needs no parser, --data.trees balanced, or a network that finds its own"
            raise UserError(str(error), where=place(number), hint=hint if without else None) from None
        labels = labelling.of_nodes(tree, columns.get(number))
        if labels is None:
            raise UserError(
                "the root of the tree has no label",
                where=place(number),
                hint="(LABEL ...) in brackets, or a column: label, or what --data.label_column names",
            )
        if labelling.classes is not None:
            classes = labelling.classes
            if labels[tree.root] not in classes:
                leave(number, f"label {labels[tree.root]} is in no class", "dropped")
                continue
            labels = [None if label is None else classes.get(label) for label in labels]
        if max_length is not None and len(tree.words) > max_length:
            leave(number, f"longer than {max_length}", "dropped")
            continue
        if len(tree) == 1:
            leave(number, "a tree of one leaf, in which nothing is merged", "kept")
        depth = row.get(_DEPTH)
        depth = depth if isinstance(depth, int) else max(tree.heights())
        found.append(LabelledTree(tree.labelled(labels), number, depth))
    return found


def left_out_of(split: Split, left_out: LeftOut) -> Callable[[int, str, str], None]:
    """Enters what `trees_of` leaves of a split."""
    return lambda row, reason, done: left_out.add(split, row, reason, done)

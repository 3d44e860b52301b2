"""The tree of a row of data: as a parser has it, or of a shape that needs none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rnnbench.data.formats.trees import read_tree
from rnnbench.data.text.english import english_words
from rnnbench.data.trees.tree import Shape, Tree, binarized, from_brackets, from_heads, shaped

TreeKind = Literal["given", "balanced", "left", "right"]
"""The trees that the data have; or a shape that depends on the number of words alone."""

WordUnit = Literal["word", "english", "char"]
"""What a word of a text without a tree is: what white space separates, an English word, a character."""


@dataclass(frozen=True)
class TreeReader:
    """How trees are read.

    Args:
        trees: Which trees.
        unit: What a word is, of texts without a tree.
        binarize: Whether nodes of more than two children become several.
    """

    trees: TreeKind
    unit: WordUnit
    binarize: bool

    def read(self, row: Mapping[str, Any]) -> Tree:
        """The tree of a row, with the labels that stand in it.

        Args:
            row: It has a ``tree`` in brackets; or ``tokens``, perhaps with the ``heads`` that they depend on; or a
                ``text``.

        Raises:
            ValueError: There is no tree in it, or no word, or what there is is none; says why.
        """
        found = given_tree(row)
        if self.trees == "given":
            if found is None:
                raise ValueError("there is no tree: neither brackets in a column tree, nor tokens with heads")
            if not self.binarize or found.arity() <= 2:
                return found
            if found.words_inside:
                raise ValueError("a dependency tree cannot be made binary: its nodes are words")
            return binarized(found)
        words = self.words(row) if found is None else found.words
        if not words:
            raise ValueError("no words in it")
        label = None if found is None else found.labels[found.root]
        return shaped(words, _SHAPES[self.trees], label)

    def words(self, row: Mapping[str, Any]) -> Sequence[str]:
        """The words of a row without a tree.

        Raises:
            ValueError: There are none.
        """
        if "tokens" in row:
            return _tokens(row)
        text = row.get("text")
        if not isinstance(text, str):
            raise ValueError(f"there is neither a tree nor a text; the columns there: {', '.join(row)}")
        if self.unit == "english":
            return english_words(text)
        return text.split() if self.unit == "word" else list(text)


_SHAPES: Mapping[str, Shape] = {"balanced": "balanced", "left": "left", "right": "right"}


def given_tree(row: Mapping[str, Any]) -> Tree | None:
    """The tree that a row has; None for a row without one.

    Args:
        row: The row.

    Raises:
        ValueError: What it has is no tree.
    """
    if isinstance(row.get("tree"), str):
        return from_brackets(read_tree(row["tree"]))
    if "heads" in row:
        try:
            heads = [int(head) for head in row["heads"]]
        except (TypeError, ValueError):
            raise ValueError(f"heads are numbers of words, 0 for the root; here: {row['heads']!r}"[:200]) from None
        return from_heads(_tokens(row), heads)
    return None


def _tokens(row: Mapping[str, Any]) -> list[str]:
    tokens = row.get("tokens")
    if not isinstance(tokens, list):
        raise ValueError(f"tokens are a list of words; here: {tokens!r}"[:200])
    return [str(token) for token in tokens]

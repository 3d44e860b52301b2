"""Trees in brackets, as the Penn Treebank and the Stanford Sentiment Treebank write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.errors import UserError

NO_LABEL = "_"
"""A node's label where it has none, as the empty field of CoNLL-U."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")"}
_BEGINS = re.compile(r"\s*\(\s*[^\s()]*\s*\(")
_LOOKED_AT = 1000


class BracketError(ValueError):
    """What is wrong with brackets, and where.

    Args:
        problem: What is wrong.
        text: The whole text.
        place: Number of the character at which it is wrong.
    """

    def __init__(self, problem: str, text: str, place: int) -> None:
        self.line = text.count("\n", 0, place) + 1
        self.column = place - text.rfind("\n", 0, place)
        super().__init__(f"line {self.line}, column {self.column}: {problem}")


@dataclass
class BracketedTree:
    """A tree as it stands in brackets. Its nodes come after their children, siblings from left to right.

    Args:
        start: Number of its first character in the text.
        end: Number of the character behind it.
        labels: Label of each node; None for a node without one.
        words: Word of each leaf; None for a node with children.
        parents: Parent of each node; -1 for the root, which is the last one.
    """

    start: int
    end: int = 0
    labels: list[str | None] = field(default_factory=list)
    words: list[str | None] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)

    def add(self, label: str | None, word: str | None, children: list[int]) -> int:
        """Adds a node behind its children, and gives its number."""
        number = len(self.labels)
        self.labels.append(label)
        self.words.append(word)
        self.parents.append(-1)
        for child in children:
            self.parents[child] = number
        return number


@dataclass
class _Open:
    """A bracket that waits for its end: its place, its label, and the nodes in it."""

    place: int
    label: str | None
    children: list[int] = field(default_factory=list)


def read_trees(text: str) -> Iterator[BracketedTree]:
    """All trees of a text, one after the other.

    Args:
        text: Nested ``(label child child ...)``; a leaf is ``(label word)``, or a bare word, which has no label. The
            label ``_`` is none, and a node whose first part is a bracket has none. -LRB- and -RRB- are brackets. A
            bracket around nothing but one tree, as in the Penn Treebank, is left out.

    Raises:
        BracketError: Brackets do not match, or a node has no words; it says where.
    """
    waiting: list[_Open] = []
    tree = BracketedTree(0)
    expects_label = False
    for match in _TOKEN.finditer(text):
        token, place = match[0], match.start()
        if expects_label:
            expects_label = False
            if token not in "()":
                waiting[-1].label = None if token == NO_LABEL else token
                continue
        if token == "(":
            if not waiting:
                tree = BracketedTree(place)
            waiting.append(_Open(place, None))
            expects_label = True
        elif not waiting:
            problem = "a bracket is closed that was never opened" if token == ")" else f"{token!r} stands in no bracket"
            raise BracketError(problem, text, place)
        elif token == ")":
            node = _close(tree, waiting.pop(), text, alone=not waiting)
            if waiting:
                waiting[-1].children.append(node)
            else:
                tree.end = match.end()
                yield tree
        else:
            waiting[-1].children.append(tree.add(None, _BRACKETS.get(token, token), []))
    if waiting:
        raise BracketError("a bracket is opened and not closed", text, waiting[-1].place)


def read_tree(text: str) -> BracketedTree:
    """The one tree of a text, see `read_trees`.

    Raises:
        BracketError: There is none, or something stands beside it, or its brackets do not match.
    """
    trees = read_trees(text)
    found = next(trees, None)
    if found is None:
        raise BracketError("the tree is empty", text, 0)
    rest = _TOKEN.search(text, found.end)
    if rest is not None:
        raise BracketError(f"{rest[0]!r} stands after the end of the tree", text, rest.start())
    return found


def _close(tree: BracketedTree, node: _Open, text: str, alone: bool) -> int:
    """Ends a bracket, and gives the number of its node."""
    if not node.children:
        name = "a node of the tree has no label and" if node.label is None else f"a node {node.label} of the tree has"
        raise BracketError(f"{name} no words", text, node.place)
    only = node.children[0] if len(node.children) == 1 else None
    if only is not None and tree.words[only] is not None and tree.labels[only] is None:
        # A word alone in its bracket, which was taken for a leaf without a label.
        tree.labels[only] = node.label
        return only
    if only is not None and alone and node.label is None:
        return only
    return tree.add(node.label, None, node.children)


class Phrase(NamedTuple):
    """What stands below a node."""

    text: str
    """The words, with a space between them."""
    label: str
    """The node's class as it is written."""


def read_phrases(tree: str) -> list[Phrase]:
    """All phrases of a tree that has a label at every node, the parts before what they make up, the whole last.

    Args:
        tree: The tree, see `read_trees`.

    Raises:
        BracketError: Brackets do not match, or a node has no label or no words.
    """
    found = read_tree(tree)
    below: list[list[str]] = [[] if word is None else [word] for word in found.words]
    phrases = []
    for words, label, parent in zip(below, found.labels, found.parents, strict=True):
        if label is None:
            raise BracketError("a node of the tree has no label", tree, found.start)
        phrases.append(Phrase(" ".join(words), label))
        if parent >= 0:
            below[parent].extend(words)
    return phrases


def read_tree_file(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The trees of a ``.ptb`` or ``.mrg`` file, each a record with its text as ``tree``.

    Args:
        data: The file's content.
        path: The file, for errors.

    Raises:
        UserError: Brackets do not match; says in which line and column.
    """
    text = decode(data, path)
    try:
        records = [{"tree": text[tree.start : tree.end]} for tree in read_trees(text)]
    except BracketError as error:
        raise UserError(str(error), where=path) from None
    if not records:
        raise UserError("there is no tree in it", where=path)
    return records


def lines_of_trees(text: str) -> list[int]:
    """In which line each tree of a text begins, from 1."""
    return [text.count("\n", 0, tree.start) + 1 for tree in read_trees(text)]


def looks_like_trees(text: str) -> bool:
    """Whether text is no prose but trees: it begins with brackets in brackets, and every line with a bracket.

    Args:
        text: The text.
    """
    if not _BEGINS.match(text):
        return False
    lines = [line.strip() for line in split_lines(text[: 1000 * _LOOKED_AT])[:_LOOKED_AT]]
    return all(line[0] in "()" for line in lines if line)

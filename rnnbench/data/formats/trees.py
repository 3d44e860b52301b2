"""Parse trees with a class at every node, as the Stanford Sentiment Treebank writes them."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r"[()]|[^\s()]+")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")"}


class Phrase(NamedTuple):
    """What stands below a node."""

    text: str
    """The words, with a space between them."""
    label: str
    """The node's class as it is written."""


def read_phrases(tree: str) -> list[Phrase]:
    """All phrases of a tree, the parts before what they make up, the whole last.

    Args:
        tree: Nested ``(label child child ...)``; a leaf is ``(label word)``. -LRB- and -RRB- are brackets.

    Raises:
        ValueError: Brackets do not match, or a node has no label or no words.
    """
    waiting: list[tuple[str, list[str]]] = []
    phrases: list[Phrase] = []
    tokens = iter(_TOKEN.findall(tree))
    for token in tokens:
        if phrases and not waiting:
            raise ValueError(f"{token!r} stands after the end of the tree")
        if token == "(":
            label = next(tokens, ")")
            if label in "()":
                raise ValueError("a node of the tree has no label")
            waiting.append((label, []))
        elif not waiting:
            raise ValueError(f"{token!r} stands before the tree")
        elif token == ")":
            label, words = waiting.pop()
            if not words:
                raise ValueError(f"a node {label} of the tree has no words")
            phrases.append(Phrase(" ".join(words), label))
            if waiting:
                waiting[-1][1].extend(words)
        else:
            waiting[-1][1].append(_BRACKETS.get(token, token))
    if waiting or not phrases:
        raise ValueError("the tree is not closed" if waiting else "the tree is empty")
    return phrases

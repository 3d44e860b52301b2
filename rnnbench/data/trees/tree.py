"""A tree over the words of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rnnbench.data.formats.trees import NO_LABEL, BracketedTree

Shape = Literal["balanced", "left", "right"]
"""A binary tree that depends on nothing but the number of words: halves of halves; or all words so far and the next
(left), the next and all words after it (right)."""

_ESCAPES = {"(": "-LRB-", ")": "-RRB-"}


@dataclass(frozen=True)
class Tree:
    """A tree over the words of a sentence; N nodes, of which the children of one stand in the order of their numbers.

    Args:
        words: The words of the sentence in their order.
        parents: Parent of each node; -1 for the root, of which there is one.
        word_of: Which word each node has; -1 for a node that has none. Every leaf has one.
        labels: Class of each node as it is written; None for a node without one.
    """

    words: tuple[str, ...]
    parents: tuple[int, ...]
    word_of: tuple[int, ...]
    labels: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.parents)

    @property
    def root(self) -> int:
        """Number of the root."""
        return self.parents.index(-1)

    @property
    def children(self) -> list[list[int]]:
        """The children of each node, from left to right."""
        found: list[list[int]] = [[] for _ in self.parents]
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(node)
        return found

    @property
    def words_inside(self) -> bool:
        """Whether every node has a word, as in a dependency tree."""
        return all(word >= 0 for word in self.word_of)

    def bottom_up(self) -> list[int]:
        """The nodes, children before their parents."""
        order, children = [self.root], self.children
        for node in order:
            order.extend(children[node])
        return order[::-1]

    def heights(self) -> list[int]:
        """Of each node, how many steps lead down to the farthest leaf below it; 0 for a leaf."""
        found = [0] * len(self)
        for node in self.bottom_up():
            parent = self.parents[node]
            if parent >= 0:
                found[parent] = max(found[parent], found[node] + 1)
        return found

    def spans(self) -> list[tuple[int, int]]:
        """Of each node, the first word below it (or at it) and the one after the last."""
        found = [(word, word + 1) if word >= 0 else (len(self.words), 0) for word in self.word_of]
        for node in self.bottom_up():
            parent = self.parents[node]
            if parent >= 0:
                (a, b), (c, d) = found[parent], found[node]
                found[parent] = min(a, c), max(b, d)
        return found

    def arity(self) -> int:
        """The most children of a node."""
        return max(map(len, self.children))

    def labelled(self, labels: Sequence[str | None]) -> Tree:
        """The same tree with other labels.

        Args:
            labels: One for each node.
        """
        return Tree(self.words, self.parents, self.word_of, tuple(labels))

    def root_alone(self, label: str | None) -> Tree:
        """The same tree with a label at the root and none elsewhere.

        Args:
            label: The label.
        """
        root = self.root
        return self.labelled([label if node == root else None for node in range(len(self))])

    def brackets(self) -> str:
        """The tree as `rnnbench.data.formats.trees.read_trees` reads it; of a dependency tree, heads come first."""
        texts = [""] * len(self)
        children = self.children
        for node in self.bottom_up():
            word = self.words[self.word_of[node]] if self.word_of[node] >= 0 else None
            parts = [] if word is None else [_ESCAPES.get(word, word)]
            texts[node] = f"({' '.join([self.labels[node] or NO_LABEL, *parts, *(texts[c] for c in children[node])])})"
        return texts[self.root]


def from_brackets(tree: BracketedTree) -> Tree:
    """The tree that stands in brackets: its leaves have the words."""
    words = [word for word in tree.words if word is not None]
    word_of, seen = [], 0
    for word in tree.words:
        word_of.append(-1 if word is None else seen)
        seen += word is not None
    return Tree(tuple(words), tuple(tree.parents), tuple(word_of), tuple(tree.labels))


def from_heads(words: Sequence[str], heads: Sequence[int], label: str | None = None) -> Tree:
    """The tree of a dependency parse, in which every word is a node.

    Args:
        words: The words.
        heads: Number of the word that each depends on, from 1; 0 for the root.
        label: Class of the sentence.

    Raises:
        ValueError: It is no tree; says at which word.
    """
    size = len(words)
    if len(heads) != size:
        raise ValueError(f"{size} words, and {len(heads)} heads")
    for number, head in enumerate(heads, start=1):
        if not 0 <= head <= size:
            raise ValueError(f"word {number} depends on word {head}, and there are {size}")
    roots = [number for number, head in enumerate(heads, start=1) if head == 0]
    if len(roots) != 1:
        which = ", ".join(map(str, roots[:5])) or "none"
        raise ValueError(f"a tree has one root, a word with head 0; here: {which}")
    parents = tuple(head - 1 for head in heads)
    below: list[list[int]] = [[] for _ in words]
    for node, parent in enumerate(parents):
        if parent >= 0:
            below[parent].append(node)
    reached = [roots[0] - 1]
    for node in reached:
        reached.extend(below[node])
    if len(reached) != size:
        lost = min(set(range(size)) - set(reached))
        raise ValueError(f"word {lost + 1} depends on itself, in a circle")
    tree = Tree(tuple(words), parents, tuple(range(size)), (None,) * size)
    return tree.root_alone(label)


def shaped(words: Sequence[str], shape: Shape, label: str | None = None) -> Tree:
    """A binary tree that depends on the number of words alone.

    Args:
        words: The words, at least one.
        shape: Which tree.
        label: Class of the sentence.
    """
    merge = {"balanced": _merge_neighbours, "left": _merge_first, "right": _merge_last}[shape]
    return merged(words, merge, label)


def merged(words: Sequence[str], choose: Callable[[int], list[int]], label: str | None = None) -> Tree:
    """The binary tree that merging neighbours makes of words, round by round.

    Args:
        words: The words, at least one.
        choose: Of how many parts there are, says which of them are merged with their right neighbour, in ascending
            order.
        label: Class of the sentence.
    """
    size = len(words)
    parents, word_of = [-1] * size, list(range(size))
    here = list(range(size))
    while len(here) > 1:
        chosen = set(choose(len(here)))
        after, place = [], 0
        while place < len(here):
            if place not in chosen:
                after.append(here[place])
                place += 1
                continue
            node = len(parents)
            parents[here[place]] = parents[here[place + 1]] = node
            parents.append(-1)
            word_of.append(-1)
            after.append(node)
            place += 2
        here = after
    return in_order(Tree(tuple(words), tuple(parents), tuple(word_of), (None,) * len(parents))).root_alone(label)


def in_order(tree: Tree) -> Tree:
    """The same tree, its nodes behind their children and siblings from left to right, as brackets are read."""
    spans, heights = tree.spans(), tree.heights()
    order = sorted(range(len(tree)), key=lambda node: (spans[node][1], heights[node]))
    number = {node: place for place, node in enumerate(order)}
    return Tree(
        tree.words,
        tuple(number.get(tree.parents[node], -1) for node in order),
        tuple(tree.word_of[node] for node in order),
        tuple(tree.labels[node] for node in order),
    )


def binarized(tree: Tree) -> Tree:
    """A constituency tree without nodes of more than two children: the last two become one, which has no label, again.

    Args:
        tree: The tree.
    """
    parents, word_of, labels = list(tree.parents), list(tree.word_of), list(tree.labels)
    for children in tree.children:
        while len(children) > 2:
            node = len(parents)
            parents.append(parents[children[-1]])
            word_of.append(-1)
            labels.append(None)
            parents[children[-1]] = parents[children[-2]] = node
            children[-2:] = [node]
    return in_order(Tree(tree.words, tuple(parents), tuple(word_of), tuple(labels)))


def _merge_neighbours(parts: int) -> list[int]:
    return list(range(0, parts - 1, 2))


def _merge_first(parts: int) -> list[int]:
    return [0]


def _merge_last(parts: int) -> list[int]:
    return [parts - 2]

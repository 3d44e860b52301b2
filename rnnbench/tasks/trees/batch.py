"""Trees as numbers, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.backbone.trees import Forest, plan_forest
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.trees.tree import Tree


class TreeBatch(NamedTuple):
    """Trees side by side. B trees of N nodes in all, K of which have a class; L words in all."""

    forest: Forest
    """How the nodes are computed, in what follows always numbered in its order."""
    x: Tensor
    """``(N,)`` int64, the word of every node; or ``(leaves,)``, where leaves alone have one."""
    nodes: Tensor
    """``(K,)`` int64: the nodes that are asked for, first the root of every tree."""
    y: Tensor
    """``(K,)`` int64: their classes."""
    tree: Tensor
    """``(K,)`` int64: their trees, by place in the batch."""
    node: Tensor
    """``(K,)`` int64: their numbers in their trees."""
    depths: Tensor
    """``(B,)`` int64: how deep each tree is."""
    words: Tensor
    """``(L,)`` int64: the words of all sentences, one after the other."""
    lengths: Tensor
    """``(B,)`` int64: number of words of each."""
    spans: Tensor
    """``(K, 2)`` int64: of every node that is asked for, its first word among `words`, and the one after the last."""
    ids: Tensor
    """``(B,)`` int64: number of each tree in its split; -1 for one that counts for nothing."""
    tokens: int
    """Number of words L; a plain number, so that no device has to be asked for it."""


class EncodedTree(NamedTuple):
    """A tree as numbers; N nodes, L words."""

    nodes: NDArray[np.int64]
    """``(N, 6)``: parent, height, number of its word in the sentence or -1, class or -1, beginning and end of what
    stands below it."""
    words: NDArray[np.int64]
    """``(L,)``: ids of the words."""
    depth: int
    """How deep it is."""


def encode_tree(tree: Tree, words: NDArray[np.int64], classes: Sequence[int], depth: int | None = None) -> EncodedTree:
    """A tree as numbers.

    Args:
        tree: The tree.
        words: Ids of its words ``(L,)``.
        classes: Class of each node; -1 for one that is not asked for.
        depth: How deep it is; None for its height.
    """
    heights = tree.heights()
    rows = zip(tree.parents, heights, tree.word_of, classes, *zip(*tree.spans(), strict=True), strict=True)
    nodes = np.array(list(rows), dtype=np.int64)
    return EncodedTree(nodes, words, max(heights) if depth is None else depth)


class Trees:
    """The trees of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        trees: The trees.
    """

    def __init__(self, trees: Sequence[EncodedTree]) -> None:
        self.nodes = Sequences([tree.nodes for tree in trees])
        self.words = Sequences([tree.words for tree in trees])
        self.depths = np.array([tree.depth for tree in trees], dtype=np.int64)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of words of each."""
        return self.words.lengths

    def __len__(self) -> int:
        return len(self.depths)

    def __call__(self, samples: list[int], epoch: int) -> TreeBatch:
        """The batch of some trees."""
        return join_trees(
            [EncodedTree(self.nodes[i].numpy(), self.words[i].numpy(), int(self.depths[i])) for i in samples], samples
        )


def join_trees(trees: Sequence[EncodedTree], ids: Sequence[int]) -> TreeBatch:
    """The batch of some trees.

    Args:
        trees: The trees.
        ids: Their numbers.
    """
    sizes, lengths = np.array([len(one.nodes) for one in trees]), np.array([len(one.words) for one in trees])
    tree = np.repeat(np.arange(len(trees)), sizes)
    first_node, first_word = np.cumsum(sizes) - sizes, np.cumsum(lengths) - lengths
    parent, height, word, y, begin, end = np.concatenate([one.nodes for one in trees]).T
    words = np.concatenate([one.words for one in trees])
    forest, order = plan_forest(np.where(parent >= 0, parent + first_node[tree], -1), height)
    tree, parent, word, y, begin, end = (column[order] for column in (tree, parent, word, y, begin, end))
    # Roots first, in the order of their trees.
    roots = np.flatnonzero(parent < 0)
    roots = roots[np.argsort(tree[roots])]
    asked = np.concatenate([roots, np.flatnonzero((parent >= 0) & (y >= 0))])
    spans = np.stack([begin, end], 1)[asked] + first_word[tree[asked]][:, None]
    has_word = word >= 0
    x = words[(word + first_word[tree])[has_word]]
    return TreeBatch(
        forest=forest,
        x=torch.from_numpy(x),
        nodes=torch.from_numpy(asked),
        y=torch.from_numpy(y[asked]),
        tree=torch.from_numpy(tree[asked]),
        node=torch.from_numpy(order[asked] - first_node[tree[asked]]),
        depths=torch.tensor([one.depth for one in trees]),
        words=torch.from_numpy(words),
        lengths=torch.from_numpy(lengths),
        spans=torch.from_numpy(spans),
        ids=torch.tensor(list(ids)),
        tokens=len(words),
    )

"""All trees of a batch, level by level: what is computed at once, and where its children were computed.

A node's level is its height, so that all of its children were computed before it. The nodes of a level stand in the
order of their parents' heights: what a level hands on to another one is a slice of it, and every state is copied once
on its way to its parent, forwards and backwards, however many levels there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


class Level(NamedTuple):
    """The nodes of one height. Plain numbers, so that no device has to be asked for them."""

    nodes: int
    """Number P of nodes."""
    children: int
    """Number M of children of these nodes."""
    widest: int
    """The most children of one of these nodes."""
    alike: bool
    """Whether all of them have as many children."""
    handed: tuple[tuple[int, int], ...]
    """How many of these nodes, one slice after the other, have parents of which height; -1 for roots."""


class Forest(NamedTuple):
    """Trees of N nodes in all. Nodes are numbered in the order in which they are computed, level by level."""

    levels: tuple[Level, ...]
    """The levels, that of the leaves first."""
    order: Tensor
    """``(M,)`` int64, the children of all nodes, level by level: where among what was handed to the level each stands,
    so that the children of a node come one after the other, from left to right."""
    owner: Tensor
    """``(M,)`` int64: which node of its level is the parent, ascending within a level."""
    position: Tensor
    """``(M,)`` int64: which child of its parent it is, from 0."""


def plan_forest(parents: ArrayLike, heights: ArrayLike) -> tuple[Forest, NDArray[np.int64]]:
    """Plans how the nodes of trees are computed.

    Args:
        parents: Parent of each node ``(N,)``; -1 for a root. Siblings stand from left to right.
        heights: Height of each node ``(N,)``: 0 for a leaf, else one more than that of its highest child.

    Returns:
        The plan; and ``(N,)``, which node stands at each place of it.
    """
    parent, height = np.asarray(parents, dtype=np.int64), np.asarray(heights, dtype=np.int64)
    size = len(parent)
    goal = np.where(parent >= 0, height[parent], -1)
    nodes = np.lexsort((np.arange(size), goal, height))
    place = np.empty(size, dtype=np.int64)
    place[nodes] = np.arange(size)
    inner = np.flatnonzero(parent >= 0)
    # As they are handed to a level: those of lower levels first; and as their parents want them.
    handed = inner[np.lexsort((place[inner], goal[inner]))]
    wanted = inner[np.lexsort((inner, place[parent[inner]]))]
    row = np.empty(size, dtype=np.int64)
    row[handed] = np.arange(len(handed))
    counts = np.bincount(height, minlength=int(height.max(initial=-1)) + 1)
    starts = np.cumsum([0, *counts])
    children = np.bincount(goal[inner], minlength=len(counts))
    first_child = np.cumsum([0, *children])
    of_parent = np.bincount(parent[inner], minlength=size)[nodes]
    owner = place[parent[wanted]] - starts[goal[wanted]]
    begins = np.r_[0, np.flatnonzero(np.diff(parent[wanted])) + 1] if len(wanted) else np.zeros(0, dtype=np.int64)
    position = np.arange(len(wanted)) - np.repeat(begins, np.diff(np.r_[begins, len(wanted)]))
    levels = []
    for number, (start, count) in enumerate(zip(starts[:-1].tolist(), counts.tolist(), strict=True)):
        goals, sizes = np.unique(goal[nodes[start : start + count]], return_counts=True)
        widths = of_parent[start : start + count]
        levels.append(
            Level(
                count,
                int(children[number]),
                int(widths.max()),
                bool(widths.min() == widths.max()),
                tuple(zip(goals.tolist(), sizes.tolist(), strict=True)),
            )
        )
    order = row[wanted] - first_child[goal[wanted]]
    return Forest(tuple(levels), *(torch.from_numpy(part) for part in (order, owner, position))), nodes

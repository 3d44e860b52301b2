"""Words as leaves of a binary tree, the more frequent the nearer to its root."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Codes(NamedTuple):
    """The way from the root to each word; that of word w stands at ``offsets[w]`` to ``offsets[w + 1]``."""

    offsets: NDArray[np.int64]
    """``(V + 1,)``."""
    nodes: NDArray[np.int32]
    """Inner nodes on the way, the root first; there are V - 1, and the root has the last number."""
    bits: NDArray[np.int8]
    """Where to go at each: 0 or 1."""

    def of(self, word: int) -> str:
        """The code of a word, such as ``0110``."""
        return "".join(map(str, self.bits[self.offsets[word] : self.offsets[word + 1]].tolist()))


def huffman_codes(counts: Sequence[int]) -> Codes:
    """The prefix code that needs the fewest bits for a text with such counts.

    D. A. Huffman, A Method for the Construction of Minimum-Redundancy Codes, Proceedings of the IRE 40 (1952). Of equal
    weights the one that was made first is taken first, so that the tree is the same everywhere.

    Args:
        counts: How often each word occurs ``(V,)``, at least two words.
    """
    words = len(counts)
    heap = [(count, node) for node, count in enumerate(counts)]
    heapq.heapify(heap)
    parent, bit = np.zeros(2 * words - 1, dtype=np.int64), np.zeros(2 * words - 1, dtype=np.int8)
    for node in range(words, 2 * words - 1):
        (light, first), (heavy, second) = heapq.heappop(heap), heapq.heappop(heap)
        parent[[first, second]], bit[second] = node, 1
        heapq.heappush(heap, (light + heavy, node))
    root = 2 * words - 2
    depth = np.zeros(2 * words - 1, dtype=np.int64)
    # Parents have greater numbers than their children.
    for node in range(root - 1, -1, -1):
        depth[node] = depth[parent[node]] + 1
    offsets = np.concatenate([[0], np.cumsum(depth[:words])])
    nodes, bits = np.zeros(offsets[-1], dtype=np.int32), np.zeros(offsets[-1], dtype=np.int8)
    # All words go up at once, each from the end of its way to the beginning.
    at, place = np.arange(words), offsets[1:] - 1
    while len(at):
        nodes[place], bits[place] = parent[at] - words, bit[at]
        on = parent[at] != root
        at, place = parent[at][on], place[on] - 1
    return Codes(offsets, nodes, bits)

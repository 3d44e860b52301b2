"""Prefixes as linked nodes: each holds one token and the prefix before it, so that none is ever copied."""

from __future__ import annotations

import numpy as np

ROOT = 0
_SPARE = 4096


class Prefixes:
    """Nodes for prefixes; equal prefixes that are in use have one node."""

    def __init__(self) -> None:
        self._parent = [-1]
        self._token = [-1]
        self._children: dict[tuple[int, int], int] = {}
        self._limit = _SPARE

    def children(self, nodes: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The nodes of prefixes that are a prefix and one more token, all (N,)."""
        found = []
        for pair in zip(nodes.tolist(), tokens.tolist(), strict=True):
            node = self._children.setdefault(pair, len(self._parent))
            if node == len(self._parent):
                self._parent.append(pair[0])
                self._token.append(pair[1])
            found.append(node)
        return np.array(found, dtype=np.int64)

    def parents(self, nodes: np.ndarray) -> np.ndarray:
        """The nodes before these, both ``(K,)``; -1 before the root."""
        return np.array([self._parent[node] for node in nodes.tolist()])

    def tokens(self, node: int) -> list[int]:
        """The tokens of a prefix."""
        found = []
        while node != ROOT:
            found.append(self._token[node])
            node = self._parent[node]
        return found[::-1]

    def compact(self, nodes: np.ndarray) -> np.ndarray:
        """Now and then forgets all prefixes but those in use and their beginnings.

        Args:
            nodes: The nodes in use, ``(K,)``.

        Returns:
            Their new numbers, ``(K,)``.
        """
        if len(self._parent) < self._limit:
            return nodes
        used = {ROOT}
        for node in nodes.tolist():
            while node not in used:
                used.add(node)
                node = self._parent[node]
        # A prefix is made before those that begin with it, so that sorted numbers keep parents first.
        old = sorted(used)
        new = {node: number for number, node in enumerate(old)}
        self._parent = [-1, *(new[self._parent[node]] for node in old[1:])]
        self._token = [self._token[node] for node in old]
        pairs = zip(self._parent[1:], self._token[1:], strict=True)
        self._children = {pair: number for number, pair in enumerate(pairs, start=1)}
        self._limit = 2 * len(old) + _SPARE
        return np.array([new[node] for node in nodes.tolist()])

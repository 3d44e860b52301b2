"""Which loops over the elements of a row a kernel takes, and what each of them reads.

A kernel computes what it writes in as few loops as it can. Nodes of one width share a loop, unless one of them waits
for a reduction over a row (the mean of a layer norm): the level of a node counts the reductions in a row that it
waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnnbench.engine.traced.graph import REDUCTIONS, Node, Store, reachable


class Loop(NamedTuple):
    """A loop over the elements of a row; loops are ordered as they run."""

    level: int
    width: int


class Levels:
    """How many reductions in a row each node waits for."""

    def __init__(self) -> None:
        self._known: dict[Node, int] = {}

    def of(self, node: Node) -> int:
        """The level of a node."""
        if node not in self._known:
            waits = max([self.of(arg) for arg in node.args], default=0)
            self._known[node] = waits + (node.op in REDUCTIONS)
        return self._known[node]


class Arrangement:
    """The loops of one kernel.

    Attributes:
        levels: The level of each node.
        loops: The loops, each with what it writes and what it sums up.
        home: Which loop computes a node first.
        shared: Nodes that a loop computes and a later one needs.
        reads: Which loop loads what.

    Args:
        stores: What the kernel writes.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self.levels = Levels()
        self.loops: dict[Loop, tuple[list[Store], list[Node]]] = {}
        self.home: dict[Node, Loop] = {}
        self.shared: list[Node] = []
        self.reads: list[tuple[Loop, Node]] = []
        nodes = sorted(reachable(store.piece.node for store in stores), key=lambda node: node.index)
        for store in stores:
            if store.piece.width > 1:
                key = Loop(self.levels.of(store.piece.node), store.piece.width)
                self.loops.setdefault(key, ([], []))[0].append(store)
        for node in nodes:
            if node.op in REDUCTIONS:
                operand = node.args[0]
                self.loops.setdefault(Loop(self.levels.of(operand), operand.width), ([], []))[1].append(node)
        for key in sorted(self.loops):
            written, sums = self.loops[key]
            for root in [store.piece.node for store in written] + [node.args[0] for node in sums]:
                self._visit(root, key)
        # A scalar counts as read in the last loop.
        last = max(self.loops, default=Loop(0, 1))
        self.reads += [(last, node) for node in nodes if node.op == "load" and node.width == 1]

    def _visit(self, node: Node, key: Loop) -> None:
        if node.width == 1:
            return
        if not node.args:
            self.reads.append((key, node))
            return
        if self.home.setdefault(node, key) == key:
            for arg in node.args:
                self._visit(arg, key)
        elif node not in self.shared:
            self.shared.append(node)

"""The middle of the engine: puts what a step writes into an order of kernels and products.

A step alternates between row kernels, which compute expressions of one row, and products with weights, whose results
kernels read. What a kernel needs and an earlier one has computed is handed over in the buffer ``spill`` (or is read
from where it is saved). Forward and backward are scheduled alike: the backward's products are those of the gradients
of the forward's results with the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnnbench.engine.traced.buffers import SPILL, Buffer, Role
from rnnbench.engine.traced.graph import Graph, Node, Piece, Store

_CHEAP = {"add", "sub", "mul", "neg"}


class Multiply(NamedTuple):
    """``result (B, N)`` = or += ``source (B, K)``, from a column on, times a weight or its transpose."""

    source: Buffer
    column: int
    result: Buffer
    weight: int
    transposed: bool
    inputs: int
    outputs: int
    add: bool = False


class Kernel(NamedTuple):
    """What one kernel writes."""

    stores: list[Store]


Operation = Kernel | Multiply


def schedule(
    graph: Graph, written: Sequence[Store], products: Sequence[Multiply], saved: dict[Node, Node]
) -> tuple[list[Operation], int]:
    """Orders kernels and products.

    Args:
        graph: Makes nodes.
        written: All that the step writes.
        products: All products; the first to write a result sets it, the others add to it.
        saved: Where nodes stand that are saved anyway.

    Returns:
        The operations in order, and the width of the buffer ``spill``.
    """
    levels = _Levels(written, products)
    last = max([levels.of_store(store) for store in written], default=0)
    ordered: list[Operation] = []
    kernels = _Kernels(graph, saved)
    for level in range(-1, last + 1):
        stores = [store for store in written if levels.of_store(store) == level]
        if stores:
            ordered.append(kernels.add(stores))
        ordered += [product for product in products if levels.of_product(product) == level]
    return _first_writers_set(ordered), kernels.spilled


class _Levels:
    """The level of a node is the number of products in a row that it waits for."""

    def __init__(self, written: Sequence[Store], products: Sequence[Multiply]) -> None:
        self._written = written
        self._products = products
        self._known: dict[Node, int] = {}

    def of_store(self, store: Store) -> int:
        # The gradient of a leaf is written by one kernel, so that products know whether they come before or after it.
        together = [store]
        if _is_state_gradient(store.buffer):
            together = [one for one in self._written if one.buffer == store.buffer]
        return max(self.of_node(one.piece.node) for one in together)

    def of_product(self, product: Multiply) -> int:
        end = product.column + product.inputs
        sources = [
            one
            for one in self._written
            if one.buffer == product.source and one.start < end and one.start + one.piece.width > product.column
        ]
        return max([self.of_store(one) for one in sources], default=-1)

    def of_node(self, node: Node) -> int:
        if node not in self._known:
            level = max([self.of_node(arg) for arg in node.args], default=0)
            if node.op == "load":
                made = [self.of_product(one) for one in self._products if one.result == node.place[0]]
                level = max(made, default=-1) + 1
            self._known[node] = level
        return self._known[node]


class _Kernels:
    """Makes kernels one after the other, each with loads in place of what earlier ones have computed."""

    def __init__(self, graph: Graph, saved: dict[Node, Node]) -> None:
        self.spilled = 0
        self._graph = graph
        self._places = dict(saved)
        # Where a node was computed first, and what it has become there.
        self._home: dict[Node, tuple[Kernel, Node]] = {}

    def add(self, stores: list[Store]) -> Kernel:
        kernel = Kernel([])
        table: dict[Node, Node] = {}

        def rewritten(node: Node) -> Node:
            if node not in table:
                earlier = node in self._home and self._home[node][0] is not kernel
                if earlier and not _is_cheap(node):
                    table[node] = self._place(node)
                else:
                    table[node] = self._graph.rebuild(node, [rewritten(arg) for arg in node.args])
                    if node.args:
                        self._home.setdefault(node, (kernel, table[node]))
            return table[node]

        for store in stores:
            kernel.stores.append(store._replace(piece=Piece(rewritten(store.piece.node), store.piece.width)))
        return kernel

    def _place(self, node: Node) -> Node:
        if node not in self._places:
            self._places[node] = self._graph.load(SPILL, self.spilled, node.width)
            kernel, expression = self._home[node]
            kernel.stores.append(Store(SPILL, self.spilled, Piece(expression, node.width)))
            self.spilled += node.width
        return self._places[node]


def _is_cheap(node: Node) -> bool:
    """Whether computing a node again costs no more than loading it."""
    return node.op in _CHEAP and all(arg.op in ("load", "const", "size") for arg in node.args)


def _first_writers_set(ordered: list[Operation]) -> list[Operation]:
    """Who writes a gradient or a result first sets it; who comes later adds."""
    seen: set[Buffer] = set()
    found: list[Operation] = []
    for operation in ordered:
        if isinstance(operation, Multiply):
            found.append(operation._replace(add=operation.result in seen))
            seen.add(operation.result)
        else:
            found.append(Kernel([store._replace(add=store.add or store.buffer in seen) for store in operation.stores]))
            seen.update(store.buffer for store in operation.stores if _is_state_gradient(store.buffer))
    return found


def _is_state_gradient(buffer: Buffer) -> bool:
    return buffer.role is Role.PREV and buffer.is_gradient

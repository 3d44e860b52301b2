"""Reverse-mode differentiation of a traced step, and what the forward keeps for it.

The gradient of every node is again a node, so that forward and backward are one kind of expression and one emitter
serves both. A gradient needs values of the forward; each of them is, in this order of preference,

- loaded, where the forward keeps it anyway: the state before and after the step, operands of products;
- recomputed from such values, which spares memory traffic;
- saved: a column of the buffer ``saved``, one row for each step and sequence.

Results of products are never kept, and z only where that saves more columns than it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from rnnbench.engine.traced.buffers import MASK, SAVED, Buffer, Role, Z
from rnnbench.engine.traced.graph import Graph, Node, Piece, Store, Value, reachable, stores
from rnnbench.engine.traced.trace import TracedStep


class Differentiated(NamedTuple):
    """The two halves of a training step, as what they write.

    Args:
        forward: Next state, output, operands of products and what is saved.
        backward: Gradients of the state before, z, vectors and results of products.
        saved: Where the values stand that the forward saves.
        columns: Width of the buffer ``saved``.
        keeps_z: Whether the backward reads z.
    """

    forward: list[Store]
    backward: list[Store]
    saved: dict[Node, Node]
    columns: int
    keeps_z: bool


def differentiate(
    step: TracedStep, forward: list[Store], kept: list[tuple[Buffer, Value]], seeds: list[tuple[Buffer, Value]]
) -> Differentiated:
    """Differentiates a step.

    Args:
        step: The step.
        forward: What the forward writes.
        kept: Buffers that the forward keeps for the backward, with what stands in them.
        seeds: Buffers with the gradients of values, with these values.
    """
    graph = step.graph
    gradients = _gradients(graph, seeds)
    wanted = []
    for buffer, columns in step.buffers.items():
        if buffer != MASK:
            found = _assemble(graph, buffer, columns, gradients)
            is_vector = buffer.role is Role.VECTOR
            if not (is_vector and all(_is_zero(piece.node) for piece in found)):
                wanted += stores(buffer.gradient, found, add=is_vector)
    # Only differentiation tells a detached value from the value.
    plain: dict[Node, Node] = {}
    forward, wanted = _without_detach(graph, forward, plain), _without_detach(graph, wanted, plain)
    available: dict[Node, Node] = {}
    for buffer, value in kept:
        for store in _without_detach(graph, stores(buffer, value), plain):
            if store.piece.node.args and store.piece.node.width == store.piece.width:
                load = graph.load(buffer, store.start, store.piece.width)
                available.setdefault(store.piece.node, load)
    choices = []
    for keeps_z in (False, True):
        saved = _choose_saved(forward, wanted, set(available), keeps_z)
        choices.append((sum(node.width for node in saved) + keeps_z * step.buffers[Z], keeps_z, saved))
    _, keeps_z, chosen = min(choices, key=lambda choice: choice[:2])
    slots: dict[Node, Node] = {}
    columns = 0
    for node in chosen:
        slots[node] = graph.load(SAVED, columns, node.width)
        columns += node.width
    table = {**available, **slots}
    nodes = graph.replace([store.piece.node for store in wanted], table)
    backward = [store._replace(piece=Piece(node, store.piece.width)) for store, node in zip(wanted, nodes, strict=True)]
    saving = [Store(SAVED, load.place[1], Piece(node, node.width)) for node, load in slots.items()]
    return Differentiated(forward + saving, backward, slots, columns, keeps_z)


def _without_detach(graph: Graph, written: list[Store], table: dict[Node, Node]) -> list[Store]:
    def plain(node: Node) -> Node:
        if node not in table:
            args = [plain(arg) for arg in node.args]
            table[node] = args[0] if node.op == "detach" else graph.rebuild(node, args)
        return table[node]

    return [store._replace(piece=Piece(plain(store.piece.node), store.piece.width)) for store in written]


def _choose_saved(forward: list[Store], backward: list[Store], available: set[Node], keeps_z: bool) -> list[Node]:
    """The nodes of the forward to save, so that the backward can be computed from what it has."""
    own = reachable(store.piece.node for store in forward)
    # Where gradients are cut, the backward has parts of nodes that the forward has only as a whole.
    needed = {
        node
        for node in reachable((store.piece.node for store in backward), stop=own)
        if node in own or (node.op == "load" and node.place[0].role in (Role.Z, Role.PRODUCT))
    }
    saved: list[Node] = []
    known = set(available)

    def price(node: Node) -> float:
        """Columns to save for recomputing a node."""
        if node in known or node.op in ("const", "size"):
            return 0
        if node.op == "load":
            buffer, _ = node.place
            return math.inf if buffer.role is Role.PRODUCT or (buffer == Z and not keeps_z) else 0
        # What is the same for a whole row costs next to nothing to save, and a loop over the row to recompute.
        return 1 if node.width == 1 else sum(price(arg) for arg in node.args)

    def provide(node: Node) -> None:
        cost = price(node)
        if cost == 0:
            return
        if cost < node.width:
            for arg in node.args:
                provide(arg)
        else:
            known.add(node)
            saved.append(node)

    for node in sorted(needed, key=lambda node: node.index):
        provide(node)
    return saved


def _gradients(graph: Graph, seeds: list[tuple[Buffer, Value]]) -> dict[Node, Node]:
    """The gradient of every node, given buffers with the gradients of some."""
    found: dict[Node, Node] = {}

    def add(node: Node, gradient: Node, columns: int) -> None:
        if node.width < columns:
            gradient = graph.total((Piece(gradient, columns),))
        found[node] = graph.apply("add", found[node], gradient) if node in found else gradient

    pending: set[Node] = set()
    for buffer, value in seeds:
        for store in stores(buffer, value):
            piece = store.piece
            add(piece.node, graph.load(buffer, store.start, piece.width), piece.width)
            pending |= reachable([piece.node])
    for node in sorted(pending, key=lambda node: -node.index):
        if node in found and node.args:
            for arg, gradient in zip(node.args, _VJP[node.op](graph, node, found[node]), strict=True):
                if gradient is not None:
                    # The row's sum has the gradient of one number, spread over the row.
                    add(arg, gradient, arg.width if node.op == "sum" else node.width)
    return found


def _assemble(graph: Graph, buffer: Buffer, columns: int, gradients: dict[Node, Node]) -> Value:
    """The gradient of a whole buffer from those of the loads from it."""
    zero = graph.const(0)
    total: Value = (Piece(zero, columns),)
    for node in sorted(gradients, key=lambda node: node.index):
        if node.op == "load" and node.place[0] == buffer:
            start, rest = node.place[1], columns - node.place[1] - node.width
            parts = (Piece(zero, start), Piece(gradients[node], node.width), Piece(zero, rest))
            total = graph.map("add", total, tuple(part for part in parts if part.width))
    return total


def _is_zero(node: Node) -> bool:
    return node.op == "const" and node.attr == 0


# --- vector-Jacobian products of the operations --------------------------------------------------------------------

Rule = Callable[[Graph, Node, Node], tuple[Node | None, ...]]


def _add(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    return g, g


def _sub(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    return g, graph.apply("neg", g)


def _mul(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    return graph.apply("mul", g, node.args[1]), graph.apply("mul", g, node.args[0])


def _div(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    share = graph.apply("div", g, node.args[1])
    return share, graph.apply("neg", graph.apply("mul", share, node))


def _where(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    condition, zero = node.args[0], graph.const(0)
    return None, graph.apply("where", condition, g, zero), graph.apply("where", condition, zero, g)


def _maximum(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    a, b = node.args if node.op == "maximum" else node.args[::-1]
    half = graph.apply("where", graph.apply("eq", a, b), graph.apply("mul", g, graph.const(0.5)), graph.const(0))
    to_a = graph.apply("where", graph.apply("gt", a, b), g, half)
    to_b = graph.apply("where", graph.apply("lt", a, b), g, half)
    return (to_a, to_b) if node.op == "maximum" else (to_b, to_a)


def _pow(graph: Graph, node: Node, g: Node) -> tuple[Node | None, ...]:
    base, exponent = node.args
    lower = graph.apply("pow", base, graph.apply("sub", exponent, graph.const(1)))
    to_base = graph.apply("mul", g, graph.apply("mul", exponent, lower))
    to_exponent = graph.apply("mul", g, graph.apply("mul", node, graph.apply("log", base)))
    return to_base, None if exponent.op == "const" else to_exponent


def _unary(derivative: Callable[[Graph, Node, Node], Node]) -> Rule:
    """The rule of an operation on one operand, from its derivative in terms of operand and result."""
    return lambda graph, node, g: (graph.apply("mul", g, derivative(graph, node.args[0], node)),)


def _one_minus(graph: Graph, node: Node) -> Node:
    return graph.apply("sub", graph.const(1), node)


def _times(graph: Graph, factor: float, *nodes: Node) -> Node:
    return graph.join("mul", (graph.const(factor), *nodes))


_VJP: dict[str, Rule] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "where": _where,
    "maximum": _maximum,
    "minimum": _maximum,
    "pow": _pow,
    "sum": lambda graph, node, g: (g,),
    "neg": lambda graph, node, g: (graph.apply("neg", g),),
    "relu": lambda graph, node, g: (graph.apply("where", graph.apply("gt", node, graph.const(0)), g, graph.const(0)),),
    "sigmoid": _unary(lambda graph, x, y: graph.apply("mul", y, _one_minus(graph, y))),
    "tanh": _unary(lambda graph, x, y: _one_minus(graph, graph.apply("mul", y, y))),
    "exp": _unary(lambda graph, x, y: y),
    "expm1": _unary(lambda graph, x, y: graph.apply("add", y, graph.const(1))),
    "log": _unary(lambda graph, x, y: graph.apply("reciprocal", x)),
    "log1p": _unary(lambda graph, x, y: graph.apply("reciprocal", graph.apply("add", x, graph.const(1)))),
    "softplus": _unary(lambda graph, x, y: graph.apply("sigmoid", x)),
    "sqrt": _unary(lambda graph, x, y: graph.apply("div", graph.const(0.5), y)),
    "rsqrt": _unary(lambda graph, x, y: _times(graph, -0.5, y, y, y)),
    "reciprocal": _unary(lambda graph, x, y: _times(graph, -1, y, y)),
    "abs": _unary(lambda graph, x, y: graph.apply("sign", x)),
    "sin": _unary(lambda graph, x, y: graph.apply("cos", x)),
    "cos": _unary(lambda graph, x, y: graph.apply("neg", graph.apply("sin", x))),
    "erf": _unary(
        lambda graph, x, y: _times(graph, 2 / math.sqrt(math.pi), graph.apply("exp", _times(graph, -1, x, x)))
    ),
    # Steps and constants: nothing passes.
    **dict.fromkeys(("sign", "detach", "peak"), lambda graph, node, g: (None,)),
    **dict.fromkeys(("gt", "ge", "lt", "le", "eq", "ne"), lambda graph, node, g: (None, None)),
}

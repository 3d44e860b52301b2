"""The expressions a step is made of: what happens to one row of the batch between two products with weights.

A `Node` is one operation on one row. Its width is the number of elements it has in a row: 1 for what is the same for
all units (a mean, a scalar), else the trip count of the loop that will compute it. Equal nodes are one object, so
that comparing them is ``is`` and common subexpressions are computed once.

A `Value` is what a tensor ``(B, W)`` of the step is: pieces side by side. Slicing picks pieces and concatenating
appends them, so neither ever becomes a copy: a slice of a sum is the sum of slices, down to the loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from rnnbench.engine.traced.buffers import Buffer


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One operation on one row.

    Args:
        op: ``load``, ``const``, ``size`` (a width, as a number), ``sum`` (over the row), ``peak`` (maximum over the
            row) or an elementwise operation.
        args: Operands, of the node's own width or of width 1.
        attr: The place ``(buffer, start)`` of a load, the number of a const or size.
        width: Elements in a row.
        index: Order of creation: operands before their users.
    """

    op: str
    args: tuple[Node, ...]
    attr: tuple[Buffer, int] | float | None
    width: int
    index: int

    def __repr__(self) -> str:
        operands = [str(self.attr)] if self.attr is not None else [f"#{arg.index}" for arg in self.args]
        return f"#{self.index}: {self.op}({', '.join(operands)})[{self.width}]"

    @property
    def place(self) -> tuple[Buffer, int]:
        """Buffer and first column of a load."""
        assert isinstance(self.attr, tuple)
        return self.attr


def reachable(roots: Iterable[Node], stop: Set[Node] = frozenset()) -> set[Node]:
    """Nodes and all that they are computed from, but not what the nodes in ``stop`` are computed from."""
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            if node not in stop:
                waiting.extend(node.args)
    return found


class Piece(NamedTuple):
    """A node that fills ``width`` columns; a node of width 1 fills them all alike."""

    node: Node
    width: int


Value = tuple[Piece, ...]


class Store(NamedTuple):
    """Writes a piece to the columns of a buffer from ``start`` on, or adds it to what stands there."""

    buffer: Buffer
    start: int
    piece: Piece
    add: bool = False


REDUCTIONS = ("sum", "peak")


class Graph:
    """Makes nodes, each only once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Node] = {}

    def _node(self, op: str, args: tuple[Node, ...], attr: tuple[Buffer, int] | float | None, width: int) -> Node:
        # repr tells 0.0 from -0.0 and finds nan equal to itself.
        key = (op, tuple(arg.index for arg in args), repr(attr), width)
        if key not in self._known:
            self._known[key] = Node(op, args, attr, width, len(self._known))
        return self._known[key]

    def load(self, buffer: Buffer, start: int, width: int) -> Node:
        """The columns from ``start`` on of the row of a buffer."""
        return self._node("load", (), (buffer, start), width)

    def const(self, number: float) -> Node:
        """A number, the same for all units."""
        return self._node("const", (), float(number), 1)

    def size(self, columns: int) -> Node:
        """A width as a number; generated code takes it at run time, as it takes every width."""
        return self._node("size", (), float(columns), 1)

    def reduce(self, op: str, node: Node) -> Node:
        """The sum or the peak of a row."""
        return node if node.width == 1 else self._node(op, (node,), None, 1)

    def apply(self, op: str, *args: Node) -> Node:
        """An elementwise operation; what is trivial is simplified away."""
        zero = [arg.op == "const" and arg.attr == 0 for arg in args]
        one = [arg.op == "const" and arg.attr == 1 for arg in args]
        if op == "mul" and one[0]:
            return args[1]
        if op in ("mul", "div") and one[1]:
            return args[0]
        if op == "add" and zero[0]:
            return args[1]
        if op in ("add", "sub") and zero[1]:
            return args[0]
        if op in ("add", "mul") and args[0].index > args[1].index:
            args = args[::-1]
        return self._node(op, args, None, max(arg.width for arg in args))

    def narrow(self, node: Node, start: int, width: int) -> Node:
        """Some columns of a node, as a node of that width."""
        if node.width == 1 or (start == 0 and width == node.width):
            return node
        if node.op == "load":
            buffer, first = node.place
            return self.load(buffer, first + start, width)
        return self.apply(node.op, *(self.narrow(arg, start, width) for arg in node.args))

    def rebuild(self, node: Node, args: Sequence[Node]) -> Node:
        """The same operation on other operands."""
        if not node.args:
            return node
        return self.reduce(node.op, args[0]) if node.op in REDUCTIONS else self.apply(node.op, *args)

    def replace(self, nodes: Iterable[Node], table: dict[Node, Node]) -> list[Node]:
        """Expressions with some of their nodes replaced; the table collects what every node has become."""

        def replaced(node: Node) -> Node:
            if node not in table:
                table[node] = self.rebuild(node, [replaced(arg) for arg in node.args])
            return table[node]

        return [replaced(node) for node in nodes]

    def slice(self, value: Value, start: int, width: int) -> Value:
        """Some columns of a value."""
        found = []
        for piece in value:
            first, last = max(start, 0), min(start + width, piece.width)
            if first < last:
                found.append(Piece(self.narrow(piece.node, first, last - first), last - first))
            start -= piece.width
        return tuple(found)

    def align(self, values: Sequence[Value]) -> list[list[Piece]]:
        """Cuts values at each other's cuts: for each part, one piece of every value; width 1 fits any width."""
        whole = max(width(value) for value in values)
        wide = [value if width(value) == whole else (Piece(value[0].node, whole),) for value in values]
        cuts = sorted({cut for value in wide for cut in _cuts(value)})
        return [
            [self.slice(value, first, last - first)[0] for value in wide]
            for first, last in zip([0, *cuts], cuts, strict=False)
        ]

    def map(self, op: str, *values: Value) -> Value:
        """An elementwise operation on values that broadcast against each other."""
        parts = self.align(values)
        return tuple(Piece(self.apply(op, *(piece.node for piece in part)), part[0].width) for part in parts)

    def total(self, value: Value) -> Node:
        """The sum over a row."""
        nodes = [
            self.apply("mul", piece.node, self.size(piece.width))
            if piece.node.width < piece.width
            else self.reduce("sum", piece.node)
            for piece in value
        ]
        return self.join("add", nodes)

    def join(self, op: str, nodes: Iterable[Node]) -> Node:
        """Nodes combined from left to right."""
        first, *rest = nodes
        for node in rest:
            first = self.apply(op, first, node)
        return first


def width(value: Value) -> int:
    """Columns of a value."""
    return sum(piece.width for piece in value)


def _cuts(value: Value) -> list[int]:
    ends, end = [], 0
    for piece in value:
        end += piece.width
        ends.append(end)
    return ends


def stores(buffer: Buffer, value: Value, add: bool = False) -> list[Store]:
    """What writes a value to a buffer, from its first column on."""
    starts = [0, *_cuts(value)]
    return [Store(buffer, start, piece, add) for start, piece in zip(starts, value, strict=False)]

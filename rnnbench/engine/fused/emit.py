"""Writes kernels as C++: for every row, a few loops over its elements.

Widths and column numbers are arguments of the generated code, never part of it, so that cells which differ in their
sizes alone share one library. Only where two sizes happen to agree is the code another one.

A kernel computes what it writes in as few loops as it can. Nodes of one width share a loop, unless one of them waits
for a reduction over a row (the mean of a layer norm): the level of a node counts the reductions in a row that it
waits for.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rnnbench.engine.fused.graph import REDUCTIONS, Node, Store, reachable
from rnnbench.engine.fused.schedule import Kernel

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_COMPARE = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
# Buffers of which there is one row for all rows of the batch.
_SHARED = ("vector", "dvector", "temporary")


class Loop(NamedTuple):
    """A loop over the elements of a row; loops are ordered as they run."""

    level: int
    width: int


def level_of(node: Node) -> int:
    """How many reductions in a row a node waits for."""
    return _Row(Sizes())._level(node)


def reads_of(stores: list[Store]) -> list[tuple[Loop, Node]]:
    """Which loop of a kernel loads what; a scalar counts as read in the last one."""
    row = _Row(Sizes())
    loops = row.arrange(stores)
    return row.reads + [(max(loops, default=Loop(0, 1)), load) for load in row.scalar_loads(stores)]


class Sizes:
    """The numbers that generated code takes at run time."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def place(self, value: int) -> int:
        """Where a number stands in the table."""
        if value not in self.values:
            self.values.append(value)
        return self.values.index(value)

    def text(self, value: int) -> str:
        """A number as C++."""
        return "0" if value == 0 else f"n[{self.place(value)}]"


class Emitter:
    """Writes the kernels of one library.

    Args:
        buffers: Widths of all buffers; their order is the order of pointers in a call.
    """

    def __init__(self, buffers: dict[str, int]) -> None:
        self.sizes = Sizes()
        self.temporary = 0
        self._buffers = buffers
        self._order = {name: place for place, name in enumerate(buffers)}

    def kernel(self, name: str, kernel: Kernel) -> str:
        """A function that computes a kernel for some rows."""
        body = _Row(self.sizes)
        lines = body.emit(kernel.stores)
        self.temporary = max(self.temporary, body.temporary)
        pointers = [self._pointer(text, *place) for place, text in body.pointers.items()]
        return "\n".join(
            [
                f"static void {name}(int64_t rows, S* const* q, const int64_t* n) {{",
                "  for (int64_t row = 0; row < rows; ++row) {",
                *(f"    {line}" for line in pointers + lines),
                "  }",
                "}",
            ]
        )

    def _pointer(self, text: str, buffer: str, start: int) -> str:
        step = "" if buffer.startswith(_SHARED) else f" + row * {self.sizes.text(self._buffers[buffer])}"
        return f"S* {text} = q[{self._order[buffer]}]{step} + {self.sizes.text(start)};"


class _Row:
    """The loops of one kernel over one row."""

    def __init__(self, sizes: Sizes) -> None:
        self.pointers: dict[tuple[str, int], str] = {}
        self.temporary = 0
        self._sizes = sizes
        self._levels: dict[Node, int] = {}
        self._scalars: dict[Node, str] = {}
        self._kept: dict[Node, str] = {}
        self._home: dict[Node, Loop] = {}
        self.reads: list[tuple[Loop, Node]] = []

    def arrange(self, stores: list[Store]) -> dict[Loop, tuple[list[Store], list[Node]]]:
        """The loops, each with what it writes and what it sums up."""
        loops: dict[Loop, tuple[list[Store], list[Node]]] = {}
        for store in stores:
            if store.piece.width > 1:
                key = Loop(self._level(store.piece.node), store.piece.width)
                loops.setdefault(key, ([], []))[0].append(store)
        for node in self._nodes(stores):
            if node.op in REDUCTIONS:
                operand = node.args[0]
                loops.setdefault(Loop(self._level(operand), operand.width), ([], []))[1].append(node)
        self._find_shared(loops)
        return loops

    def scalar_loads(self, stores: list[Store]) -> list[Node]:
        """Loads of one column."""
        return [node for node in self._nodes(stores) if node.op == "load" and node.width == 1]

    def emit(self, stores: list[Store]) -> list[str]:
        """The code."""
        loops = self.arrange(stores)
        last = max(self._level(store.piece.node) for store in stores)
        lines: list[str] = []
        for level in range(last + 1):
            roots = [node for stores, sums in (loops[key] for key in sorted(loops) if key[0] == level)
                     for node in [store.piece.node for store in stores] + sums]  # fmt: skip
            self._emit_scalars(level, roots, lines)
            for store in stores:
                if store.piece.width == 1 and self._level(store.piece.node) == level:
                    value = self._scalar(store.piece.node, lines)
                    lines.append(f"{self._at(store.buffer, store.start)}[0] {'+=' if store.add else '='} {value};")
            for key in sorted(loops):
                if key[0] == level:
                    lines += self._loop(key, *loops[key])
        return lines

    def _level(self, node: Node) -> int:
        if node not in self._levels:
            waits = max([self._level(arg) for arg in node.args], default=0)
            self._levels[node] = waits + (node.op in REDUCTIONS)
        return self._levels[node]

    def _nodes(self, stores: list[Store]) -> list[Node]:
        return sorted(reachable(store.piece.node for store in stores), key=lambda node: node.index)

    def _find_shared(self, loops: dict[Loop, tuple[list[Store], list[Node]]]) -> None:
        """What a loop computes and a later one needs is kept in a temporary row."""

        def visit(node: Node, key: Loop) -> None:
            if node.width == 1:
                return
            if not node.args:
                self.reads.append((key, node))
                return
            home = self._home.setdefault(node, key)
            if home != key:
                if node not in self._kept:
                    self._kept[node] = self._at("temporary", self.temporary)
                    self.temporary += node.width
                return
            for arg in node.args:
                visit(arg, key)

        for key in sorted(loops):
            stores, sums = loops[key]
            for root in [store.piece.node for store in stores] + [node.args[0] for node in sums]:
                visit(root, key)

    def _at(self, buffer: str, start: int) -> str:
        return self.pointers.setdefault((buffer, start), f"p{len(self.pointers)}")

    def _emit_scalars(self, level: int, roots: list[Node], lines: list[str]) -> None:
        """What is the same for a whole row and the loops of this level need, computed ahead of them."""
        seen: set[Node] = set()

        def visit(node: Node) -> None:
            if node in seen:
                return
            seen.add(node)
            if node.width == 1 and not (node.op in REDUCTIONS and self._level(node) > level):
                self._scalar(node, lines)
                return
            for arg in node.args:
                visit(arg)

        for root in roots:
            visit(root)

    def _scalar(self, node: Node, lines: list[str]) -> str:
        if node.op in ("const", "size"):
            return self._leaf(node)
        if node not in self._scalars:
            if node.op == "load":
                text = f"{self._at(*node.place)}[0]"
            else:
                text = _expression(node.op, [self._scalar(arg, lines) for arg in node.args])
            self._scalars[node] = f"s{len(self._scalars)}"
            lines.append(f"const S {self._scalars[node]} = {text};")
        return self._scalars[node]

    def _leaf(self, node: Node) -> str:
        assert isinstance(node.attr, float)
        return f"S({self._sizes.text(int(node.attr))})" if node.op == "size" else _literal(node.attr)

    def _loop(self, key: Loop, stores: list[Store], sums: list[Node]) -> list[str]:
        names: dict[Node, str] = {}
        body: list[str] = []

        def value(node: Node) -> str:
            if node.width == 1:
                return self._scalars[node] if node in self._scalars else self._leaf(node)
            if node not in names:
                kept = self._kept.get(node)
                if node.op == "load":
                    text = f"{self._at(*node.place)}[j]"
                elif kept and self._home[node] != key:
                    text = f"{kept}[j]"
                else:
                    text = _expression(node.op, [value(arg) for arg in node.args])
                names[node] = f"v{len(names)}"
                body.append(f"const S {names[node]} = {text};")
                if kept and self._home[node] == key:
                    body.append(f"{kept}[j] = {names[node]};")
            return names[node]

        before, clauses = [], []
        for node in sums:
            self._scalars[node] = f"s{len(self._scalars)}"
            accumulator, operand = self._scalars[node], value(node.args[0])
            before.append(f"S {accumulator} = {'0' if node.op == 'sum' else '-INFINITY'};")
            if node.op == "sum":
                body.append(f"{accumulator} += {operand};")
                clauses.append(f"reduction(+ : {accumulator})")
            else:
                body.append(f"{accumulator} = {accumulator} > {operand} ? {accumulator} : {operand};")
                clauses.append(f"reduction(max : {accumulator})")
        # All values first: a store must not come between the loads of the same element.
        written = [(store, value(store.piece.node)) for store in stores]
        body += [
            f"{self._at(store.buffer, store.start)}[j] {'+=' if store.add else '='} {text};" for store, text in written
        ]
        return [
            *before,
            " ".join(["#pragma omp simd", *clauses]),
            f"for (int64_t j = 0; j < {self._sizes.text(key[1])}; ++j) {{",
            *(f"  {line}" for line in body),
            "}",
        ]


def _expression(op: str, args: list[str]) -> str:
    if op in _INFIX:
        return f"{args[0]} {_INFIX[op]} {args[1]}"
    if op in _COMPARE:
        return f"{args[0]} {_COMPARE[op]} {args[1]} ? S(1) : S(0)"
    if op == "where":
        return f"{args[0]} != S(0) ? {args[1]} : {args[2]}"
    if op == "neg":
        return f"-{args[0]}"
    if op == "reciprocal":
        return f"S(1) / {args[0]}"
    # A value that is not a number is passed on, as PyTorch does.
    if op == "relu":
        return f"{args[0]} < S(0) ? S(0) : {args[0]}"
    if op in ("maximum", "minimum"):
        sign = ">" if op == "maximum" else "<"
        return f"({args[0]} {sign} {args[1]}) | ({args[0]} != {args[0]}) ? {args[0]} : {args[1]}"
    return f"row_{op}({', '.join(args)})"


def _literal(number: float) -> str:
    if math.isinf(number):
        return "INFINITY" if number > 0 else "(-INFINITY)"
    return "S(NAN)" if math.isnan(number) else f"S({number!r})"

"""Writes kernels as C++: for every row, a few loops over its elements.

Widths and column numbers are arguments of the generated code, never part of it, so that cells which differ in their
sizes alone share one library. Only where two sizes happen to agree is the code another one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from rnnbench.engine.traced.buffers import TEMPORARY, Buffer, Role
from rnnbench.engine.traced.graph import REDUCTIONS, Node, Store
from rnnbench.engine.traced.loops import Arrangement, Loop
from rnnbench.engine.traced.schedule import Kernel

_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_COMPARE = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
# Of these there is one row for all rows of the batch.
_SHARED = (Role.VECTOR, Role.TEMPORARY)


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

    def __init__(self, buffers: Mapping[Buffer, int]) -> None:
        self.sizes = Sizes()
        self.temporary = 0
        self._buffers = buffers
        self._order = {name: place for place, name in enumerate(buffers)}

    def kernel(self, name: str, kernel: Kernel) -> str:
        """A function that computes a kernel for some rows."""
        body = _Row(self.sizes, kernel.stores)
        lines = body.emit()
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

    def _pointer(self, text: str, buffer: Buffer, start: int) -> str:
        step = "" if buffer.role in _SHARED else f" + row * {self.sizes.text(self._buffers[buffer])}"
        return f"S* {text} = q[{self._order[buffer]}]{step} + {self.sizes.text(start)};"


class _Row:
    """The loops of one kernel over one row."""

    def __init__(self, sizes: Sizes, stores: list[Store]) -> None:
        self.pointers: dict[tuple[Buffer, int], str] = {}
        self.temporary = 0
        self._sizes = sizes
        self._stores = stores
        self._arranged = Arrangement(stores)
        self._scalars: dict[Node, str] = {}
        # What a loop computes and a later one needs is kept in a temporary row.
        self._kept: dict[Node, str] = {}
        for node in self._arranged.shared:
            self._kept[node] = self._at(TEMPORARY, self.temporary)
            self.temporary += node.width

    def emit(self) -> list[str]:
        """The code."""
        loops, level_of = self._arranged.loops, self._arranged.levels.of
        lines: list[str] = []
        for level in range(max(level_of(store.piece.node) for store in self._stores) + 1):
            roots = [node for stores, sums in (loops[key] for key in sorted(loops) if key.level == level)
                     for node in [store.piece.node for store in stores] + sums]  # fmt: skip
            self._emit_scalars(level, roots, lines)
            for store in self._stores:
                if store.piece.width == 1 and level_of(store.piece.node) == level:
                    value = self._scalar(store.piece.node, lines)
                    lines.append(f"{self._at(store.buffer, store.start)}[0] {'+=' if store.add else '='} {value};")
            for key in sorted(loops):
                if key.level == level:
                    lines += self._loop(key, *loops[key])
        return lines

    def _at(self, buffer: Buffer, start: int) -> str:
        return self.pointers.setdefault((buffer, start), f"p{len(self.pointers)}")

    def _emit_scalars(self, level: int, roots: list[Node], lines: list[str]) -> None:
        """What is the same for a whole row and the loops of this level need, computed ahead of them."""
        seen: set[Node] = set()

        def visit(node: Node) -> None:
            if node in seen:
                return
            seen.add(node)
            if node.width == 1 and not (node.op in REDUCTIONS and self._arranged.levels.of(node) > level):
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
                elif kept and self._arranged.home[node] != key:
                    text = f"{kept}[j]"
                else:
                    text = _expression(node.op, [value(arg) for arg in node.args])
                names[node] = f"v{len(names)}"
                body.append(f"const S {names[node]} = {text};")
                if kept and self._arranged.home[node] == key:
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
            f"for (int64_t j = 0; j < {self._sizes.text(key.width)}; ++j) {{",
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

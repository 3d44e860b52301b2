"""Writes row kernels as Triton: a program computes one row of the batch, or a block of its columns.

All that a kernel reads of a row stands in registers as blocks, whose length is the next power of two; what lies past
the row's end is masked. Nodes of width 1 are scalars, and a reduction over a row is a reduction of a block. A kernel
without reductions needs no whole row in one program: its columns are cut, so that small batches fill a GPU as well.

Sequences of different lengths keep their rows to the end, because the shapes of a captured loop cannot shrink. Past its
length a sequence keeps its state, and its gradient with respect to the state passes through unchanged; all that
products or sums over time would take from it is zero. What such a row computes is selected away, never multiplied away,
so that padding may hold anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from rnnbench.engine.traced.buffers import SAVED, SPILL, Buffer, Role, Z
from rnnbench.engine.traced.graph import REDUCTIONS, Node, Store
from rnnbench.engine.traced.lowering import Unsupported

HEAD = """
import triton
import triton.language as tl
from rnnbench.engine.cuda.row_math import expm1, log1p, sigmoid, softplus, tanh
"""

# Columns of a program where columns are cut.
_COLUMNS = 256
# What of a row past its length may be anything: nobody reads it but the kernels of that row.
_FREE = {SAVED, SPILL, Z}

_FORMS = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "div": "{} / {}",
    "neg": "-{}",
    "reciprocal": "1.0 / {}",
    "where": "tl.where({} != 0.0, {}, {})",
    "relu": "tl.where({0} < 0.0, 0.0, {0})",
    "sign": "({0} > 0.0).to({0}.dtype) - ({0} < 0.0).to({0}.dtype)",
    # A value that is not a number is passed on, as PyTorch does.
    "maximum": "tl.where(({0} > {1}) | ({0} != {0}), {0}, {1})",
    "minimum": "tl.where(({0} < {1}) | ({0} != {0}), {0}, {1})",
    **{name: f"tl.{name}({{}})" for name in ("exp", "log", "sqrt", "rsqrt", "abs", "sin", "cos", "erf")},
    **{name: f"{name}({{}})" for name in ("expm1", "log1p", "sigmoid", "softplus", "tanh")},
    **{
        name: f"({{0}} {sign} {{1}}).to({{0}}.dtype)"
        for name, sign in {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}.items()
    },
}


class RowKernel(NamedTuple):
    """How a kernel is launched.

    Args:
        name: Name of the function.
        buffers: What it takes pointers to, one block ``(B, W)`` of each; then lengths ``(B,)`` and the step t where
            lengths differ.
        blocks: Number of programs for each row.
        warps: Warps of a program.
    """

    name: str
    buffers: tuple[Buffer, ...]
    blocks: int
    warps: int


def emit_kernel(name: str, stores: list[Store], widths: Mapping[Buffer, int], ragged: bool) -> tuple[str, RowKernel]:
    """Writes a kernel.

    Args:
        name: Name of the function.
        stores: What it computes.
        widths: Widths of all buffers.
        ragged: Whether sequences have lengths of their own.

    Returns:
        The function's source, to stand below `HEAD`, and how it is launched.

    Raises:
        Unsupported: An operation has no form in Triton.
    """
    row = _Row(widths)
    # All values first: a store must not come between the loads of the same element.
    written = [(store, row.written(store, ragged)) for store in stores]
    crossing = any(row.is_read_elsewhere(store) for store, _ in written)
    if crossing:
        row.lines.append("tl.debug_barrier()")
    for store, value in written:
        row.lines.append(f"tl.store({row.place(store.buffer, store.start, store.piece.width)}, {value}{row.mask})")
    columns = max([1, *row.columns])
    whole = crossing or bool(row.reductions) or any(store.piece.width == 1 for store in stores)
    block = _power_of_two(columns) if whole else min(_COLUMNS, _power_of_two(columns))
    arguments = [*map(str, row.buffers), *(("lengths", "t") if ragged else ())]
    head = [
        '@triton.jit(do_not_specialize=["t"])' if ragged else "@triton.jit",
        f"def {name}({', '.join(arguments)}):",
        "    row = tl.program_id(0)",
        f"    j = tl.program_id(1) * {block} + tl.arange(0, {block})",
    ]
    if ragged:
        head.append("    valid = t < tl.load(lengths + row)")
    head += [f"    m{size} = j < {size}" for size in sorted(row.columns)]
    number_type = f"{row.buffers[0]}.dtype.element_ty"
    head += [f"    {text} = tl.full((), {number}, {number_type})" for number, text in row.constants.items()]
    source = "\n".join([*head, *(f"    {line}" for line in row.lines)])
    return source, RowKernel(name, tuple(row.buffers), -(-columns // block), max(1, min(8, block // 128)))


class _Row:
    """The lines of one kernel."""

    def __init__(self, widths: Mapping[Buffer, int]) -> None:
        self.lines: list[str] = []
        self.buffers: list[Buffer] = []
        self.columns: set[int] = set()
        self.constants: dict[str, str] = {}
        self.reductions = 0
        self.mask = ""
        self._widths = widths
        self._values: dict[Node, str] = {}
        self._count = 0

    def written(self, store: Store, ragged: bool) -> str:
        """What is to stand in the buffer."""
        value = self._value(store.piece.node)
        if ragged and store.buffer not in _FREE:
            # The state as it was, and the gradient of it; nothing of all that is summed over time.
            kept = _carried(store.buffer)
            other = self._constant(0.0) if kept is None else self._load(kept, store.start, store.piece.width)
            value = self._line(f"tl.where(valid, {value}, {other})")
        if store.add:
            value = self._line(f"{self._load(store.buffer, store.start, store.piece.width)} + {value}")
        return value

    def is_read_elsewhere(self, store: Store) -> bool:
        """Whether columns that are written are read under other numbers j, thus by other threads."""
        own = (store.buffer, store.start)
        return any(
            node.place != own and node.place[0] == store.buffer
            and node.place[1] < store.start + store.piece.width and store.start < node.place[1] + node.width
            for node in self._values
            if node.op == "load"
        )  # fmt: skip

    def place(self, buffer: Buffer, start: int, width: int) -> str:
        """Pointers to some columns; `mask` becomes what a load or store of them has to add."""
        if buffer not in self.buffers:
            self.buffers.append(buffer)
        # Of a vector there is one row for all. Gradients of vectors are summed over time for each row of the batch, and
        # over the batch after the loop: no two programs add to one number, so that sums keep their order.
        shared = buffer.role is Role.VECTOR and not buffer.is_gradient
        text = str(buffer) if shared else f"{buffer} + row * {self._widths[buffer]}"
        if start:
            text += f" + {start}"
        if width == 1:
            self.mask = ""
            return text
        self.columns.add(width)
        self.mask = f", mask=m{width}"
        return f"{text} + j"

    def _load(self, buffer: Buffer, start: int, width: int) -> str:
        place = self.place(buffer, start, width)
        return self._line(f"tl.load({place}{self.mask}{', other=0.0' if self.mask else ''})")

    def _constant(self, number: float) -> str:
        text = repr(number) if math.isfinite(number) else f'float("{number}")'
        return self.constants.setdefault(text, f"c{len(self.constants)}")

    def _line(self, text: str) -> str:
        self._count += 1
        self.lines.append(f"v{self._count} = {text}")
        return f"v{self._count}"

    def _value(self, node: Node) -> str:
        if node not in self._values:
            self._values[node] = self._computed(node)
        return self._values[node]

    def _computed(self, node: Node) -> str:
        if node.op == "load":
            return self._load(*node.place, node.width)
        if node.op in ("const", "size"):
            assert isinstance(node.attr, float)
            return self._constant(node.attr)
        args = [self._value(arg) for arg in node.args]
        if node.op in REDUCTIONS:
            self.reductions += 1
            self.columns.add(node.args[0].width)
            function, empty = ("sum", "0.0") if node.op == "sum" else ("max", '-float("inf")')
            return self._line(f"tl.{function}(tl.where(m{node.args[0].width}, {args[0]}, {empty}), axis=0)")
        if node.op not in _FORMS:
            raise Unsupported(f"step uses {node.op}, which has no form in Triton")
        return self._line(_FORMS[node.op].format(*args))


def _carried(buffer: Buffer) -> Buffer | None:
    """What a row past its length has in a buffer: of the next state the state before, of its gradient that of the next.

    Args:
        buffer: What a kernel writes; None for what is zero there.
    """
    if buffer.role is Role.NEXT and not buffer.is_gradient:
        return buffer._replace(role=Role.PREV)
    if buffer.role is Role.PREV and buffer.is_gradient:
        return buffer._replace(role=Role.NEXT)
    return None


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()

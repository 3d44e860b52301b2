"""A plan as native code: its kernels in C++, and its program as the numbers that the loop over time reads."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

import torch

from rnnbench.engine.fused.build import load
from rnnbench.engine.fused.emit import Emitter
from rnnbench.engine.traced.buffers import SAVED, TEMPORARY, Buffer, Role, Z
from rnnbench.engine.traced.plan import Plan
from rnnbench.engine.traced.reuse import reuse_kept
from rnnbench.engine.traced.schedule import Kernel, Operation

# How the row of a step is found in a buffer. The same numbers stand in time_loop.cpp.
CONSTANT, ROWS, STEPS, BEFORE, AFTER, EVEN, ODD, CHUNK = range(8)

_KINDS = {
    Role.Z: STEPS,
    Role.MASK: ROWS,
    Role.OUTPUT: STEPS,
    Role.VECTOR: CONSTANT,
    Role.WEIGHT: CONSTANT,
    Role.PRODUCT: ROWS,
    Role.SPILL: ROWS,
    Role.TEMPORARY: CHUNK,
}
_KINDS_OF_GRADIENTS = {
    Role.Z: STEPS,
    Role.OUTPUT: STEPS,
    Role.PREV: EVEN,
    Role.NEXT: ODD,
    Role.VECTOR: CHUNK,
    Role.OPERAND: ROWS,
    Role.PRODUCT: STEPS,
}


class NativeCode(NamedTuple):
    """What runs a plan: two libraries, of which the compiler has to read but the small one for another cell."""

    shared: ctypes.CDLL
    """Products and the loop over time, the same for every cell."""
    kernels: ctypes.c_void_p
    """The table of the plan's own kernels."""


@dataclass(frozen=True, eq=False, kw_only=True)
class NativePlan:
    """A plan and its native form.

    Args:
        plan: The plan.
        widths: Widths of all buffers, in the order of the native call.
        replaced: Which gradients may be written over a buffer that the forward has kept, and over which.
        kernels: The C++ of the kernels, and of the table of them.
        sizes: The numbers that kernels take.
        programs: A step of the forward in training (``train``), without gradients (``infer``), and backward (``back``).
    """

    plan: Plan
    widths: Mapping[Buffer, int]
    replaced: Mapping[Buffer, Buffer]
    kernels: str
    sizes: Any
    programs: Mapping[str, Any]
    _loaded: dict[bool, NativeCode] = field(default_factory=dict, init=False, repr=False)

    def native_code(self, dtype: torch.dtype) -> NativeCode:
        """The native code for a number type.

        Raises:
            BuildError: Says why it cannot be built.
        """
        single = dtype == torch.float32
        if single not in self._loaded:
            kernels = load(native_source(single, shipped("row_math.cpp"), self.kernels))
            table = ctypes.addressof(ctypes.c_void_p.in_dll(kernels, "rnnbench_kernels"))
            self._loaded[single] = NativeCode(load(_shared_source(single)), ctypes.c_void_p(table))
        return self._loaded[single]


def native_plan(plan: Plan) -> NativePlan:
    """Writes the kernels of a plan and its programs."""
    widths = {**plan.widths, TEMPORARY: 0}
    private = [Z, SAVED] if plan.overwrites_z else [SAVED]
    replaced = reuse_kept(plan.step.graph, plan.backward, widths, plan.gradients, private)
    widths |= {gradient: widths[kept] for gradient, kept in replaced.items()}
    emitter = Emitter(widths)
    kernels = [one for one in (*plan.forward, *plan.backward) if isinstance(one, Kernel)]
    texts = [emitter.kernel(f"kernel{k}", kernel) for k, kernel in enumerate(kernels)]
    table = ", ".join(f"kernel{k}" for k in range(len(kernels)))
    texts.append(f'extern "C" {{ Kernel rnnbench_kernels[] = {{{table}}}; }}')
    widths[TEMPORARY] = emitter.temporary
    widths |= {Buffer(Role.WEIGHT, k): 0 for k in range(len(plan.weights))}
    # For a step without gradients nothing is kept but the output.
    kept_always = tuple(i == plan.output_leaf for i in range(len(plan.leaves)))
    return NativePlan(
        plan=plan,
        widths=widths,
        replaced=replaced,
        kernels="\n\n".join(texts),
        sizes=(ctypes.c_int64 * max(1, len(emitter.sizes.values)))(*emitter.sizes.values),
        programs={
            "train": _program(widths, plan.forward, kernels, STEPS, plan.kept),
            "infer": _program(widths, plan.forward, kernels, ROWS, kept_always),
            "back": _program(widths, plan.backward, kernels, STEPS, plan.kept),
        },
    )


def _program(
    widths: Mapping[Buffer, int],
    operations: Sequence[Operation],
    kernels: list[Kernel],
    saving: int,
    kept: tuple[bool, ...],
) -> Any:
    """Kinds and widths of buffers and the operations, as numbers."""
    buffers = list(widths)
    kinds = (_kind(buffer, saving, kept) for buffer in buffers)
    numbers = [len(buffers), len(operations), *kinds, *widths.values()]
    for one in operations:
        if isinstance(one, Kernel):
            numbers += [0, next(k for k, kernel in enumerate(kernels) if kernel is one), *[0] * 7]
        else:
            places = (buffers.index(buffer) for buffer in (one.source, one.result, Buffer(Role.WEIGHT, one.weight)))
            source, result, weight = places
            numbers += [1, source, one.column, result, weight, one.inputs, one.outputs, one.transposed, one.add]
    return (ctypes.c_int64 * len(numbers))(*numbers)


def _kind(buffer: Buffer, saving: int, kept: tuple[bool, ...]) -> int:
    """How the row of a step is found.

    Args:
        buffer: The buffer.
        saving: The kind of what the forward saves for the backward: of no step but its own without gradients.
        kept: Whether the history of each leaf of the state is kept.
    """
    if buffer.is_gradient and buffer.role in _KINDS_OF_GRADIENTS:
        return _KINDS_OF_GRADIENTS[buffer.role]
    if buffer.role in (Role.PREV, Role.NEXT):
        before = buffer.role is Role.PREV
        return (BEFORE if before else AFTER) if kept[buffer.number] else (EVEN if before else ODD)
    return saving if buffer.role in (Role.SAVED, Role.OPERAND) else _KINDS[buffer.role]


@functools.cache
def _shared_source(single: bool) -> str:
    return native_source(single, *map(shipped, ("parallel.cpp", "product.cpp", "time_loop.cpp")))


@functools.cache
def native_source(single: bool, *parts: str) -> str:
    """Native code for numbers of 32 bits, or of 64.

    Args:
        single: Whether they have 32.
        *parts: Text of its parts, after what all native code begins with.
    """
    head = f"#define SINGLE {int(single)}\ntypedef {'float' if single else 'double'} S;\n"
    return "\n".join([head, shipped("head.cpp"), *parts])


@functools.cache
def shipped(name: str) -> str:
    """A part of native code that comes with this package."""
    return (files(__package__) / name).read_text(encoding="utf-8")

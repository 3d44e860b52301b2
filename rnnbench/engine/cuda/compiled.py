"""Generated Triton as functions, and all kernels of a plan as a program."""

from __future__ import annotations

import functools
import hashlib
import linecache
from collections.abc import Sequence
from typing import Any, NamedTuple

from rnnbench.engine.cuda.emit import HEAD, RowKernel, emit_kernel
from rnnbench.engine.traced.plan import Plan
from rnnbench.engine.traced.schedule import Multiply, Operation


class Launch(NamedTuple):
    """A kernel and how it is launched."""

    function: Any
    kernel: RowKernel


class Program(NamedTuple):
    """What a step does on a GPU, forward and backward.

    Args:
        plan: The plan it was made from.
        ragged: Whether its kernels take lengths.
        forward: Kernels and products of a step.
        backward: Kernels and products of a step backward.
    """

    plan: Plan
    ragged: bool
    forward: tuple[Launch | Multiply, ...]
    backward: tuple[Launch | Multiply, ...]


def compile_plan(plan: Plan, ragged: bool) -> Program:
    """Writes and loads the kernels of a plan; Triton compiles each at its first launch and caches it on disk.

    Raises:
        Unsupported: An operation has no form in Triton.
    """
    forward, forward_source = _emit("forward", plan.forward, plan, ragged)
    backward, backward_source = _emit("backward", plan.backward, plan, ragged)
    functions = _load("\n\n\n".join([HEAD, *forward_source, *backward_source]))

    def linked(operations: Sequence[RowKernel | Multiply]) -> tuple[Launch | Multiply, ...]:
        return tuple(Launch(functions[one.name], one) if isinstance(one, RowKernel) else one for one in operations)

    return Program(plan, ragged, linked(forward), linked(backward))


def _emit(
    prefix: str, operations: Sequence[Operation], plan: Plan, ragged: bool
) -> tuple[list[RowKernel | Multiply], list[str]]:
    found: list[RowKernel | Multiply] = []
    sources = []
    for place, one in enumerate(operations):
        if isinstance(one, Multiply):
            found.append(one)
        else:
            source, kernel = emit_kernel(f"{prefix}{place}", one.stores, plan.widths, ragged)
            found.append(kernel)
            sources.append(source)
    return found, sources


@functools.cache
def _load(source: str) -> dict[str, Any]:
    """What a source defines. Triton reads the text of a function as `inspect` finds it, for which it is put there."""
    name = f"<rnnbench kernels {hashlib.sha256(source.encode()).hexdigest()[:16]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    defined: dict[str, Any] = {"__name__": name}
    exec(compile(source, name, "exec"), defined)
    return defined

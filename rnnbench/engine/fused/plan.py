"""A traced step as a program: kernels, products, buffers, and the C++ of the kernels.

A plan depends on the cell's step and its sizes alone; it is made once and run for any batch, length and number type.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnbench.cells import RNNCell
from rnnbench.engine.fused.build import load
from rnnbench.engine.fused.emit import Emitter
from rnnbench.engine.fused.gradient import Differentiated, differentiate
from rnnbench.engine.fused.graph import Store, Value, reachable, stores, width
from rnnbench.engine.fused.reuse import reuse_kept, reuse_z
from rnnbench.engine.fused.schedule import Kernel, Multiply, Operation, schedule
from rnnbench.engine.fused.trace import Constant, TracedStep, trace_step

# Kinds of buffers: how the row of a step is found. The same numbers stand in time_loop.cpp.
CONSTANT, ROWS, STEPS, BEFORE, AFTER, EVEN, ODD, CHUNK = range(8)


class HoistedProduct(NamedTuple):
    """The gradient of a weight, one product after the loop: of columns of a buffer with an operand."""

    weight: int
    transposed: bool
    gradient: str
    column: int
    width: int
    operand: str


@dataclass(frozen=True)
class Plan:
    """All that `run` needs of a cell.

    Args:
        step: The traced step.
        leaves: Widths of the state's leaves.
        output_width: Width O of the output.
        output_leaf: Which leaf of the new state is the output; None where it is none of them.
        kept: For each leaf, whether training keeps its history.
        keeps_z: Whether the backward reads z, or what has taken its place.
        overwrites_z: Whether the forward writes to z.
        gradients: Buffers of gradients that are kept for all steps: of z, and what the hoisted products read.
        replaced: Which of them may be written over a buffer that the forward has kept, and over which.
        weights: The weights of products.
        hoisted: What their gradients are made of.
        buffers: Widths of all buffers, in the order of the native call.
        operands: Names of the buffers that hold operands which a kernel computes.
        differentiated_vectors: Which vectors have a gradient.
        kernels: The C++ of the kernels, and of the table of them.
        sizes: The numbers that kernels take.
        forward: Operations of a step.
        backward: Operations of a step backward.
    """

    step: TracedStep
    leaves: tuple[int, ...]
    output_width: int
    output_leaf: int | None
    kept: tuple[bool, ...]
    keeps_z: bool
    overwrites_z: bool
    gradients: tuple[str, ...]
    replaced: Mapping[str, str]
    weights: tuple[Constant, ...]
    hoisted: tuple[HoistedProduct, ...]
    buffers: dict[str, int]
    operands: tuple[str, ...]
    differentiated_vectors: tuple[int, ...]
    kernels: str
    sizes: Any
    forward: tuple[Operation, ...]
    backward: tuple[Operation, ...]
    programs: dict[str, Any]

    def native_code(self, dtype: torch.dtype) -> ctypes.CDLL:
        """The native code for a number type.

        Raises:
            BuildError: Says why it cannot be built.
        """
        return load(_source(self.kernels, dtype == torch.float32))


def make_plan(cell: RNNCell, params: Mapping[str, Tensor], inputs: int, masked: bool) -> Plan:
    """Traces a cell and plans its loop.

    Args:
        cell: The cell.
        params: Parameters and buffers by name.
        inputs: Width G of z.
        masked: Whether the state has a mask.

    Raises:
        Unsupported: Says why the step cannot be fused.
    """
    step = trace_step(cell, params, inputs, masked)
    leaves = tuple(step.buffers[f"prev{i}"] for i in range(len(step.state)))
    output_leaf = next((i for i, leaf in enumerate(step.state) if leaf == step.output), None)
    operands, places = _operands(step)
    written = [store for i, leaf in enumerate(step.state) for store in stores(f"next{i}", leaf)]
    written += [store for name, value in operands.items() for store in stores(name, value)]
    seeds = [(f"dnext{i}", leaf) for i, leaf in enumerate(step.state)]
    seeds += [("doutput", step.output)]
    seeds += [(f"d{name}", value) for name, value in operands.items()]
    keepable = [(f"next{i}", leaf) for i, leaf in enumerate(step.state)] + list(operands.items())
    if output_leaf is None:
        written += stores("output", step.output)
    halves = differentiate(step, written, keepable, seeds)
    weights = list(dict.fromkeys(product.weight for product in step.products))
    hoisted, backward_stores = _hoist(step, halves, places, weights)
    forward, spilled = schedule(step.graph, halves.forward, _forward_products(step, places, weights), halves.saved)
    columns, overwrites_z = halves.columns, False
    if not halves.keeps_z:
        forward, backward_stores, columns, overwrites_z = reuse_z(step.graph, forward, backward_stores)
    backward, spilled_back = schedule(step.graph, backward_stores, _backward_products(step, hoisted), {})
    backward_buffers = _read(backward) | {one.operand for one in hoisted}
    kept = tuple(
        i == output_leaf or f"prev{i}" in backward_buffers or f"next{i}" in backward_buffers for i in range(len(leaves))
    )
    buffers = dict(step.buffers)
    buffers.update({f"next{i}": size for i, size in enumerate(leaves)})
    buffers.update({name: width(value) for name, value in operands.items()})
    buffers["output"] = width(step.output)
    buffers.update({f"d{name}": size for name, size in list(buffers.items()) if name != "mask"})
    buffers.update(saved=columns, spill=max(spilled, spilled_back), temporary=0)
    gradients = tuple(dict.fromkeys(["dz", *(one.gradient for one in hoisted)]))
    private = ["z", "saved"] if overwrites_z else ["saved"]
    replaced = reuse_kept(step.graph, backward, buffers, gradients, private)
    buffers.update({gradient: buffers[kept] for gradient, kept in replaced.items()})
    emitter = Emitter(buffers)
    kernels = [one for one in (*forward, *backward) if isinstance(one, Kernel)]
    texts = [emitter.kernel(f"kernel{k}", kernel) for k, kernel in enumerate(kernels)]
    table = ", ".join(f"kernel{k}" for k in range(len(kernels)))
    texts.append(f"static void (*const kernels[])(int64_t, S* const*, const int64_t*) = {{{table}}};")
    buffers["temporary"] = emitter.temporary
    buffers.update({f"weight{k}": 0 for k in range(len(weights))})
    vectors = {store.buffer for store in backward_stores if store.buffer.startswith("dvector")}
    plan = Plan(
        step,
        leaves,
        width(step.output),
        output_leaf,
        kept,
        halves.keeps_z or overwrites_z,
        overwrites_z,
        gradients,
        replaced,
        tuple(weights),
        tuple(hoisted),
        buffers,
        tuple(operands),
        tuple(i for i in range(len(step.vectors)) if f"dvector{i}" in vectors),
        "\n\n".join(texts),
        (ctypes.c_int64 * max(1, len(emitter.sizes.values)))(*emitter.sizes.values),
        tuple(forward),
        tuple(backward),
        {},
    )
    for name, operations, training in (("train", forward, True), ("infer", forward, False), ("back", backward, True)):
        plan.programs[name] = _program(plan, operations, kernels, training)
    return plan


def _operands(step: TracedStep) -> tuple[dict[str, Value], list[str]]:
    """Operands of products that a kernel must compute, and for each product where its operand stands."""
    computed: dict[str, Value] = {}
    places = []
    for product in step.products:
        node = product.operand[0].node
        if len(product.operand) == 1 and node.op == "load" and node.place[0].startswith("prev"):
            buffer, start = node.place
            if start == 0 and node.width == step.buffers[buffer]:
                places.append(buffer)
                continue
        name = next((name for name, value in computed.items() if value == product.operand), f"operand{len(computed)}")
        computed[name] = product.operand
        places.append(name)
    return computed, places


def _hoist(
    step: TracedStep, halves: Differentiated, places: list[str], weights: list[Constant]
) -> tuple[list[HoistedProduct], list[Store]]:
    """Where the gradient of each product's result stands; often it is the gradient of columns of z, written once."""
    of_z = [store for store in halves.backward if store.buffer == "dz"]
    remaining, hoisted = list(halves.backward), []
    for k, product in enumerate(step.products):
        buffer, column = f"dproduct{k}", 0
        own = [store for store in halves.backward if store.buffer == buffer]
        for first, store in enumerate(of_z):
            part = of_z[first : first + len(own)]
            if [one.piece for one in part] == [one.piece for one in own]:
                buffer, column = "dz", store.start
                remaining = [one for one in remaining if one.buffer != f"dproduct{k}"]
                break
        weight = weights.index(product.weight)
        hoisted.append(HoistedProduct(weight, product.transposed, buffer, column, product.width, places[k]))
    return hoisted, remaining


def _forward_products(step: TracedStep, places: list[str], weights: list[Constant]) -> list[Multiply]:
    return [
        Multiply(place, 0, f"product{k}", weights.index(one.weight), one.transposed, width(one.operand), one.width)
        for k, (place, one) in enumerate(zip(places, step.products, strict=True))
    ]


def _backward_products(step: TracedStep, hoisted: list[HoistedProduct]) -> list[Multiply]:
    return [
        Multiply(
            one.gradient,
            one.column,
            f"d{one.operand}",
            one.weight,
            not one.transposed,
            one.width,
            width(product.operand),
        )
        for one, product in zip(hoisted, step.products, strict=True)
    ]


def _read(operations: Sequence[Operation]) -> set[str]:
    """Buffers that kernels read."""
    roots = [store.piece.node for one in operations if isinstance(one, Kernel) for store in one.stores]
    return {node.place[0] for node in reachable(roots) if node.op == "load"}


def _program(plan: Plan, operations: Sequence[Operation], kernels: list[Kernel], training: bool) -> Any:
    """Kinds and widths of buffers and the operations, as numbers."""
    names = list(plan.buffers)
    numbers = [len(names), len(operations), *(_kind(plan, name, training) for name in names), *plan.buffers.values()]
    for one in operations:
        if isinstance(one, Kernel):
            numbers += [0, next(k for k, kernel in enumerate(kernels) if kernel is one), *[0] * 7]
        else:
            source, result, weight = (names.index(name) for name in (one.source, one.result, f"weight{one.weight}"))
            numbers += [1, source, one.column, result, weight, one.inputs, one.outputs, one.transposed, one.add]
    return (ctypes.c_int64 * len(numbers))(*numbers)


def _kind(plan: Plan, name: str, training: bool) -> int:
    base = name.rstrip("0123456789")
    if base in ("prev", "next"):
        kept = plan.kept[int(name[4:])] if training else int(name[4:]) == plan.output_leaf
        return {("prev", True): BEFORE, ("next", True): AFTER, ("prev", False): EVEN, ("next", False): ODD}[base, kept]
    if base in ("saved", "operand"):
        return STEPS if training else ROWS
    return {
        "z": STEPS, "dz": STEPS, "output": STEPS, "doutput": STEPS, "dproduct": STEPS,
        "dprev": EVEN, "dnext": ODD,
        "vector": CONSTANT, "weight": CONSTANT,
        "dvector": CHUNK, "temporary": CHUNK,
    }.get(base, ROWS)  # fmt: skip


@functools.cache
def _source(kernels: str, single: bool) -> str:
    names = ("parallel.cpp", "product.cpp", "row_math.cpp", "time_loop.cpp")
    *before, loop = [(files(__package__) / name).read_text(encoding="utf-8") for name in names]
    head = f"#define SINGLE {int(single)}\ntypedef {'float' if single else 'double'} S;\n"
    return "\n".join([head, *before, kernels, loop])

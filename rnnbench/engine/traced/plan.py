"""A traced step as a program: row kernels, products and the buffers between them, forward and backward.

A plan depends on the cell's step and its sizes alone; it is made once and run for any batch, length and number type, by
any engine that writes its kernels in some language and runs them over time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.cells import RNNCell
from rnnbench.engine.traced.buffers import MASK, OUTPUT, SAVED, SPILL, Buffer, Role, Z
from rnnbench.engine.traced.gradient import Differentiated, differentiate
from rnnbench.engine.traced.graph import Store, Value, reachable, stores, width
from rnnbench.engine.traced.reuse import reuse_z
from rnnbench.engine.traced.schedule import Kernel, Multiply, Operation, schedule
from rnnbench.engine.traced.trace import Constant, TracedStep, trace_step


class HoistedProduct(NamedTuple):
    """The gradient of a weight, one product after the loop: of columns of a buffer with an operand."""

    weight: int
    transposed: bool
    gradient: Buffer
    column: int
    width: int
    operand: Buffer


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """All that an engine needs of a cell.

    Args:
        step: The traced step.
        leaves: Widths of the state's leaves.
        output_leaf: Which leaf of the new state is the output; None where it is none of them.
        kept: For each leaf, whether training keeps its history.
        keeps_z: Whether the backward reads z, or what has taken its place.
        overwrites_z: Whether the forward writes to z.
        operands: Buffers of operands which a kernel computes.
        weights: The weights of products.
        hoisted: What their gradients are made of.
        differentiated_vectors: Which vectors have a gradient.
        widths: Widths of all buffers but weights.
        forward: Operations of a step.
        backward: Operations of a step backward.
    """

    step: TracedStep
    leaves: tuple[int, ...]
    output_leaf: int | None
    kept: tuple[bool, ...]
    keeps_z: bool
    overwrites_z: bool
    operands: tuple[Buffer, ...]
    weights: tuple[Constant, ...]
    hoisted: tuple[HoistedProduct, ...]
    differentiated_vectors: tuple[int, ...]
    widths: Mapping[Buffer, int]
    forward: tuple[Operation, ...]
    backward: tuple[Operation, ...]

    @property
    def output_width(self) -> int:
        """Width O of the output."""
        return self.widths[OUTPUT]

    @property
    def gradients(self) -> tuple[Buffer, ...]:
        """Buffers of gradients that are kept for all steps: of z, and what the hoisted products read."""
        return tuple(dict.fromkeys([Z.gradient, *(one.gradient for one in self.hoisted)]))


def make_plan(cell: RNNCell, params: Mapping[str, Tensor], inputs: int, masked: bool, device: torch.device) -> Plan:
    """Traces a cell and plans its loop.

    Args:
        cell: The cell.
        params: Parameters and buffers by name.
        inputs: Width G of z.
        masked: Whether the state has a mask.
        device: Where it is traced.

    Raises:
        Unsupported: Says why the step cannot be fused.
    """
    step = trace_step(cell, params, inputs, masked, device)
    operands, places = _operands(step)
    leaves = tuple(step.buffers[Buffer(Role.PREV, i)] for i in range(len(step.state)))
    next_leaves = [(Buffer(Role.NEXT, i), leaf) for i, leaf in enumerate(step.state)]
    keepable = [*next_leaves, *operands.items()]
    written = [store for buffer, value in keepable for store in stores(buffer, value)]
    seeds = [(buffer.gradient, value) for buffer, value in (*next_leaves, (OUTPUT, step.output), *operands.items())]
    output_leaf = next((i for i, leaf in enumerate(step.state) if leaf == step.output), None)
    if output_leaf is None:
        written += stores(OUTPUT, step.output)
    halves = differentiate(step, written, keepable, seeds)
    weights = list(dict.fromkeys(product.weight for product in step.products))
    hoisted, backward_stores = _hoist(step, halves, places, weights)
    forward, spilled = schedule(step.graph, halves.forward, _forward_products(step, places, weights), halves.saved)
    columns, overwrites_z = halves.columns, False
    if not halves.keeps_z:
        forward, backward_stores, columns, overwrites_z = reuse_z(step.graph, forward, backward_stores)
    backward, spilled_back = schedule(step.graph, backward_stores, _backward_products(step, hoisted), {})
    read = _read(backward) | {one.operand for one in hoisted}
    vectors = {store.buffer for store in backward_stores if store.buffer.role is Role.VECTOR}
    widths = {**step.buffers, **{buffer: width(value) for buffer, value in (*keepable, (OUTPUT, step.output))}}
    widths |= {buffer.gradient: size for buffer, size in widths.items() if buffer != MASK}
    return Plan(
        step=step,
        leaves=leaves,
        output_leaf=output_leaf,
        kept=tuple(
            i == output_leaf or Buffer(Role.PREV, i) in read or Buffer(Role.NEXT, i) in read for i in range(len(leaves))
        ),
        keeps_z=halves.keeps_z or overwrites_z,
        overwrites_z=overwrites_z,
        operands=tuple(operands),
        weights=tuple(weights),
        hoisted=tuple(hoisted),
        differentiated_vectors=tuple(i for i in range(len(step.vectors)) if Buffer(Role.VECTOR, i).gradient in vectors),
        widths={**widths, SAVED: columns, SPILL: max(spilled, spilled_back)},
        forward=tuple(forward),
        backward=tuple(backward),
    )


def _operands(step: TracedStep) -> tuple[dict[Buffer, Value], list[Buffer]]:
    """Operands of products that a kernel must compute, and for each product where its operand stands."""
    computed: dict[Buffer, Value] = {}
    places = []
    for product in step.products:
        node = product.operand[0].node
        if len(product.operand) == 1 and node.op == "load" and node.place[0].role is Role.PREV:
            buffer, start = node.place
            if start == 0 and node.width == step.buffers[buffer]:
                places.append(buffer)
                continue
        new = Buffer(Role.OPERAND, len(computed))
        buffer = next((buffer for buffer, value in computed.items() if value == product.operand), new)
        computed[buffer] = product.operand
        places.append(buffer)
    return computed, places


def _hoist(
    step: TracedStep, halves: Differentiated, places: list[Buffer], weights: list[Constant]
) -> tuple[list[HoistedProduct], list[Store]]:
    """Where the gradient of each product's result stands; often it is the gradient of columns of z, written once."""
    of_z = [store for store in halves.backward if store.buffer == Z.gradient]
    remaining, hoisted = list(halves.backward), []
    for k, product in enumerate(step.products):
        result = Buffer(Role.PRODUCT, k).gradient
        buffer, column = result, 0
        own = [store for store in halves.backward if store.buffer == result]
        for first, store in enumerate(of_z):
            part = of_z[first : first + len(own)]
            if [one.piece for one in part] == [one.piece for one in own]:
                buffer, column = Z.gradient, store.start
                remaining = [one for one in remaining if one.buffer != result]
                break
        weight = weights.index(product.weight)
        hoisted.append(HoistedProduct(weight, product.transposed, buffer, column, product.width, places[k]))
    return hoisted, remaining


def _forward_products(step: TracedStep, places: list[Buffer], weights: list[Constant]) -> list[Multiply]:
    return [
        Multiply(
            source=place,
            column=0,
            result=Buffer(Role.PRODUCT, k),
            weight=weights.index(one.weight),
            transposed=one.transposed,
            inputs=width(one.operand),
            outputs=one.width,
        )
        for k, (place, one) in enumerate(zip(places, step.products, strict=True))
    ]


def _backward_products(step: TracedStep, hoisted: list[HoistedProduct]) -> list[Multiply]:
    return [
        Multiply(
            source=one.gradient,
            column=one.column,
            result=one.operand.gradient,
            weight=one.weight,
            transposed=not one.transposed,
            inputs=one.width,
            outputs=width(product.operand),
        )
        for one, product in zip(hoisted, step.products, strict=True)
    ]


def _read(operations: Sequence[Operation]) -> set[Buffer]:
    """Buffers that kernels read."""
    roots = [store.piece.node for one in operations if isinstance(one, Kernel) for store in one.stores]
    return {node.place[0] for node in reachable(roots) if node.op == "load"}

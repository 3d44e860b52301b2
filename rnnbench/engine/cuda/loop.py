"""Runs a program over time: kernels and products of T steps forward, and of T steps backward.

Functions of tensors, without a branch on what stands in them, so that a CUDA graph can capture each as a whole. Buffers
lie step after step, ``(T, B, W)``; histories of the state have one step more. No weight gradient is computed in the
loop: the gradients of all products' results stand in one buffer, and one product after the loop makes each weight's
gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnbench.engine.cuda.compiled import Launch, Program
from rnnbench.engine.traced.buffers import MASK, OUTPUT, SAVED, SPILL, Buffer, Role, Z
from rnnbench.engine.traced.schedule import Multiply

Empty = Callable[..., Tensor]
"""Makes a buffer of a shape, of the loop's type of numbers."""


class Inputs(NamedTuple):
    """What a loop takes.

    Args:
        z: Projected input ``(T, B, G)``.
        lengths: Number of valid steps ``(B,)``, on z's device; None where the program takes none.
        mask: What the state is multiplied with where the step says so, ``(B, O)``.
        state: Leaves ``(B, W)`` of the state before.
        constants: The plan's vectors, then its weights.
    """

    z: Tensor
    lengths: Tensor | None
    mask: Tensor | None
    state: tuple[Tensor, ...]
    constants: tuple[Tensor, ...]


class Forward(NamedTuple):
    """What a loop forward makes.

    Args:
        output: ``(T, B, O)``.
        last: Leaves of the last valid state.
        kept: What the loop backward needs; empty without training.
    """

    output: Tensor
    last: tuple[Tensor, ...]
    kept: dict[Buffer, Tensor]


class Gradients(NamedTuple):
    """What a loop backward makes: the gradients of what it took, None where none is needed.

    Args:
        z: That of the projected input.
        state: Those of the leaves of the state before.
        vectors: Those of the plan's vectors.
        weights: Those of its weights.
    """

    z: Tensor
    state: tuple[Tensor, ...]
    vectors: tuple[Tensor | None, ...]
    weights: tuple[Tensor | None, ...]

    def tensors(self) -> list[Tensor | None]:
        """All, in the order of `Inputs`: z, state, constants."""
        return [self.z, *self.state, *self.vectors, *self.weights]


def run_forward(program: Program, given: Inputs, training: bool, low: torch.dtype | None, empty: Empty) -> Forward:
    """Runs all steps.

    Args:
        program: What to run.
        given: See `Inputs`.
        training: Whether to keep what the backward needs.
        low: The type that products round their operands to; None for the loop's own.
        empty: Makes buffers.
    """
    plan = program.plan
    steps, batch, _ = given.z.shape
    z = given.z
    if plan.overwrites_z or not z.is_contiguous():
        # A copy where the step writes to it: z may be the input itself, or kept by what the projection is made of.
        z = empty(*z.shape).copy_(z)
    vectors = given.constants[: len(plan.step.vectors)]
    buffers: dict[Buffer, Tensor] = {Z: z, **_numbered(Role.VECTOR, [one.reshape(-1) for one in vectors])}
    buffers |= _numbered(Role.WEIGHT, given.constants[len(vectors) :])
    if given.mask is not None:
        buffers[MASK] = given.mask.contiguous()
    for buffer in (*plan.operands, SAVED):
        buffers[buffer] = empty(*([steps] if training else []), batch, plan.widths[buffer])
    if plan.output_leaf is None:
        buffers[OUTPUT] = empty(steps, batch, plan.output_width)
    for buffer in (SPILL, *(Buffer(Role.PRODUCT, k) for k in range(len(plan.step.products)))):
        buffers[buffer] = empty(batch, plan.widths[buffer])
    places = _by_step(buffers, steps)
    last = []
    for i, leaf in enumerate(given.state):
        whole = plan.kept[i] if training else i == plan.output_leaf
        history = empty(steps + 1 if whole else 2, batch, plan.leaves[i])
        history[0] = leaf
        blocks = history.unbind(0)
        turns = [blocks[t if whole else t % 2] for t in range(steps + 1)]
        before, after = Buffer(Role.PREV, i), Buffer(Role.NEXT, i)
        places[before], places[after] = turns[:-1], turns[1:]
        last.append(turns[-1])
        if whole:
            buffers[after] = history
    weights = _weights(buffers, low)
    for t in range(steps):
        _step(program.forward, places, weights, t, batch, given.lengths)
    ends = tuple(empty(*leaf.shape).copy_(leaf) for leaf in last)
    output = buffers[OUTPUT] if plan.output_leaf is None else buffers[Buffer(Role.NEXT, plan.output_leaf)][1:]
    if not training:
        return Forward(output, ends, {})
    wanted = [SAVED, *plan.operands, *([Z] if plan.keeps_z else [])]
    wanted += [one for one in buffers if one.role in (Role.NEXT, Role.MASK, Role.VECTOR, Role.WEIGHT)]
    return Forward(output, ends, {one: buffers[one] for one in wanted})


def run_backward(
    program: Program,
    kept: Mapping[Buffer, Tensor],
    lengths: Tensor | None,
    d_output: Tensor,
    d_last: Sequence[Tensor],
    needed: Sequence[bool],
    low: torch.dtype | None,
    empty: Empty,
) -> Gradients:
    """Runs all steps backward.

    Args:
        program: What to run.
        kept: What the forward has kept.
        lengths: As for the forward.
        d_output: Gradient of the output ``(T, B, O)``.
        d_last: Gradients of the leaves of the last state.
        needed: For each weight whether its gradient is needed.
        low: As for the forward.
        empty: Makes buffers.
    """
    plan = program.plan
    steps, batch, _ = d_output.shape
    buffers = {**kept, OUTPUT.gradient: d_output.contiguous()}
    for buffer in plan.gradients:
        buffers[buffer] = empty(steps, batch, plan.widths[buffer])
    for buffer in plan.operands:
        buffers[buffer.gradient] = empty(batch, plan.widths[buffer])
    vectors = [Buffer(Role.VECTOR, i) for i in plan.differentiated_vectors]
    for buffer in vectors:
        buffers[buffer.gradient] = empty(batch, plan.widths[buffer]).zero_()
    buffers[SPILL] = empty(batch, plan.widths[SPILL])
    places = _by_step({buffer: one for buffer, one in buffers.items() if buffer.role is not Role.NEXT}, steps)
    first = []
    for i, gradient in enumerate(d_last):
        before, after = Buffer(Role.PREV, i), Buffer(Role.NEXT, i)
        if after in kept:
            turns = list(kept[after].unbind(0))
            places[before], places[after] = turns[:-1], turns[1:]
        blocks = empty(2, batch, plan.leaves[i]).unbind(0)
        turns = [blocks[t % 2] for t in range(steps + 1)]
        places[before.gradient], places[after.gradient] = turns[:-1], turns[1:]
        turns[-1].copy_(gradient)
        first.append(turns[0])
    weights = _weights(buffers, low)
    for t in reversed(range(steps)):
        _step(program.backward, places, weights, t, batch, lengths)
    sums = {one.number: torch.sum(buffers[one.gradient], 0, out=empty(plan.widths[one])) for one in vectors}
    return Gradients(
        buffers[Z.gradient],
        tuple(first),
        tuple(sums.get(i) for i in range(len(plan.step.vectors))),
        _weight_gradients(program, buffers, steps, needed, low, empty),
    )


def launch(one: Launch, batch: int, arguments: Sequence[Any]) -> None:
    """Launches a row kernel for all rows of a batch."""
    one.function[batch, one.kernel.blocks](*arguments, num_warps=one.kernel.warps)


def _numbered(role: Role, tensors: Iterable[Tensor]) -> dict[Buffer, Tensor]:
    return {Buffer(role, k): one.contiguous() for k, one in enumerate(tensors)}


def _by_step(buffers: Mapping[Buffer, Tensor], steps: int) -> dict[Buffer, Sequence[Tensor]]:
    """What stands in each buffer at each step; a buffer without a time axis is the same one at all."""
    return {
        buffer: one.unbind(0) if one.dim() == 3 else [one] * steps
        for buffer, one in buffers.items()
        if buffer.role is not Role.WEIGHT
    }


def _weights(buffers: Mapping[Buffer, Tensor], low: torch.dtype | None) -> list[Tensor]:
    """The weights of products, as products take them."""
    found = [one for buffer, one in buffers.items() if buffer.role is Role.WEIGHT]
    return found if low is None else [one.to(low) for one in found]


def _step(
    operations: Iterable[Launch | Multiply],
    places: Mapping[Buffer, Sequence[Tensor]],
    weights: Sequence[Tensor],
    t: int,
    batch: int,
    lengths: Tensor | None,
) -> None:
    for one in operations:
        if isinstance(one, Multiply):
            source = places[one.source][t][:, one.column : one.column + one.inputs]
            weight, result = weights[one.weight], places[one.result][t]
            _multiply(source, weight.t() if one.transposed else weight, result, one.add)
        else:
            pointers = [places[buffer][t] for buffer in one.kernel.buffers]
            launch(one, batch, pointers if lengths is None else [*pointers, lengths, t])


def _multiply(source: Tensor, weight: Tensor, result: Tensor, add: bool) -> None:
    """``result`` = or += ``source @ weight``, rounded as a product of the weight's type is."""
    if weight.dtype != result.dtype:
        found = torch.mm(source.to(weight.dtype), weight)
        if add:
            result.add_(found)
        else:
            result.copy_(found)
    elif add:
        result.addmm_(source, weight)
    else:
        torch.mm(source, weight, out=result)


def _weight_gradients(
    program: Program,
    buffers: Mapping[Buffer, Tensor],
    steps: int,
    needed: Sequence[bool],
    low: torch.dtype | None,
    empty: Empty,
) -> tuple[Tensor | None, ...]:
    """One product over all steps for each product of the step."""
    found: list[Tensor | None] = [None] * len(program.plan.weights)
    for one in program.plan.hoisted:
        if needed[one.weight]:
            gradient = buffers[one.gradient].flatten(0, 1)[:, one.column : one.column + one.width]
            # The operand may be the state before each step: the history without its end.
            before_step = one.operand.role is Role.PREV
            operand = buffers[one.operand._replace(role=Role.NEXT) if before_step else one.operand]
            operand = operand[:steps].flatten(0, 1)
            a, b = (gradient.t(), operand) if one.transposed else (operand.t(), gradient)
            earlier = found[one.weight]
            result = empty(a.shape[0], b.shape[1]) if earlier is None else earlier
            _multiply(a, b if low is None else b.to(low), result, add=earlier is not None)
            found[one.weight] = result
    return tuple(found)

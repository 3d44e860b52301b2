"""Runs a program over time: kernels and products of T steps forward, and of T steps backward.

Functions of tensors, without a branch on what stands in them, so that a CUDA graph can capture each as a whole. Buffers
lie step after step, ``(T, B, W)``; histories of the state have one step more. No weight gradient is computed in the
loop: the gradients of all products' results stand in one buffer, and one product after the loop makes each weight's
gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.engine.cuda.compiled import Launch, Program
from rnnbench.engine.fused.schedule import Multiply


class Inputs(NamedTuple):
    """What a loop takes.

    Args:
        z: Projected input ``(T, B, G)``.
        lengths: Number of valid steps ``(B,)``; None where the program takes none.
        mask: What the state is multiplied with where the step says so, ``(B, O)``.
        state: Leaves ``(B, W)`` of the state before.
        constants: The plan's vectors, then its weights.
    """

    z: Tensor
    lengths: Tensor | None
    mask: Tensor | None
    state: tuple[Tensor, ...]
    constants: tuple[Tensor, ...]

    def tensors(self) -> list[Tensor]:
        """All that is there, in order."""
        given = (self.z, self.lengths, self.mask, *self.state, *self.constants)
        return [one for one in given if one is not None]


class Forward(NamedTuple):
    """What a loop forward makes.

    Args:
        output: ``(T, B, O)``.
        last: Leaves of the last valid state.
        kept: What the loop backward needs, by the names of buffers; empty without training.
    """

    output: Tensor
    last: tuple[Tensor, ...]
    kept: dict[str, Tensor]


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


def run_forward(program: Program, given: Inputs, training: bool) -> Forward:
    """Runs all steps.

    Args:
        program: What to run.
        given: See `Inputs`.
        training: Whether to keep what the backward needs.
    """
    plan = program.plan
    # A copy where the step writes to it: z may be the input itself, or kept by what the projection is made of.
    z = given.z.clone(memory_format=torch.contiguous_format) if plan.overwrites_z else given.z.contiguous()
    steps, batch, _ = z.shape
    buffers: dict[str, Tensor] = {"z": z, **_named("weight", given.constants[len(plan.step.vectors) :])}
    buffers |= _named("vector", [one.reshape(-1) for one in given.constants[: len(plan.step.vectors)]])
    if given.mask is not None:
        buffers["mask"] = given.mask.contiguous()
    for name in (*plan.operands, "saved"):
        buffers[name] = z.new_empty(*([steps] if training else []), batch, plan.buffers[name])
    if plan.output_leaf is None:
        buffers["output"] = z.new_empty(steps, batch, plan.output_width)
    for name in ("spill", *(f"product{k}" for k in range(len(plan.step.products)))):
        buffers[name] = z.new_empty(batch, plan.buffers[name])
    places = _by_step(buffers, steps)
    last = []
    for i, leaf in enumerate(given.state):
        whole = plan.kept[i] if training else i == plan.output_leaf
        history = z.new_empty(steps + 1 if whole else 2, batch, plan.leaves[i])
        history[0] = leaf
        blocks = history.unbind(0)
        turns = [blocks[t if whole else t % 2] for t in range(steps + 1)]
        places[f"prev{i}"], places[f"next{i}"] = turns[:-1], turns[1:]
        last.append(turns[-1])
        if whole:
            buffers[f"next{i}"] = history
    for t in range(steps):
        _step(program.forward, places, t, batch, given.lengths)
    ends = tuple(leaf.clone() for leaf in last)
    output = buffers["output"] if plan.output_leaf is None else buffers[f"next{plan.output_leaf}"][1:]
    if not training:
        return Forward(output, ends, {})
    wanted = ["saved", *plan.operands, *(["z"] if plan.keeps_z else [])]
    wanted += [name for name in buffers if name.startswith(("next", "mask", "vector", "weight"))]
    return Forward(output, ends, {name: buffers[name] for name in wanted})


def run_backward(
    program: Program,
    kept: Mapping[str, Tensor],
    lengths: Tensor | None,
    d_output: Tensor,
    d_last: Sequence[Tensor],
    needed: Sequence[bool],
) -> Gradients:
    """Runs all steps backward.

    Args:
        program: What to run.
        kept: What the forward has kept.
        lengths: As for the forward.
        d_output: Gradient of the output ``(T, B, O)``.
        d_last: Gradients of the leaves of the last state.
        needed: For each weight whether its gradient is needed.
    """
    plan = program.plan
    steps, batch, _ = d_output.shape
    buffers = {**kept, "doutput": d_output.contiguous()}
    for name in plan.gradients:
        buffers[name] = d_output.new_empty(steps, batch, plan.buffers[name])
    for name in plan.operands:
        buffers[f"d{name}"] = d_output.new_empty(batch, plan.buffers[name])
    for i in plan.differentiated_vectors:
        buffers[f"dvector{i}"] = d_output.new_zeros(batch, plan.buffers[f"vector{i}"])
    buffers["spill"] = d_output.new_empty(batch, plan.buffers["spill"])
    places = _by_step({name: one for name, one in buffers.items() if not name.startswith("next")}, steps)
    first = []
    for i, gradient in enumerate(d_last):
        if f"next{i}" in kept:
            turns = list(kept[f"next{i}"].unbind(0))
            places[f"prev{i}"], places[f"next{i}"] = turns[:-1], turns[1:]
        blocks = d_output.new_empty(2, batch, plan.leaves[i]).unbind(0)
        turns = [blocks[t % 2] for t in range(steps + 1)]
        places[f"dprev{i}"], places[f"dnext{i}"] = turns[:-1], turns[1:]
        turns[-1].copy_(gradient)
        first.append(turns[0])
    for t in reversed(range(steps)):
        _step(program.backward, places, t, batch, lengths)
    vectors = [
        buffers[f"dvector{i}"].sum(0) if i in plan.differentiated_vectors else None
        for i in range(len(plan.step.vectors))
    ]
    return Gradients(buffers["dz"], tuple(first), tuple(vectors), _weight_gradients(program, buffers, steps, needed))


def _named(name: str, tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    return {f"{name}{k}": one.contiguous() for k, one in enumerate(tensors)}


def _by_step(buffers: Mapping[str, Tensor], steps: int) -> dict[str, Sequence[Tensor]]:
    """What stands in each buffer at each step; a buffer without a time axis is the same one at all."""
    return {name: one.unbind(0) if one.dim() == 3 else [one] * steps for name, one in buffers.items()}


def _step(
    operations: Iterable[Launch | Multiply],
    places: Mapping[str, Sequence[Tensor]],
    t: int,
    batch: int,
    lengths: Tensor | None,
) -> None:
    for one in operations:
        if isinstance(one, Multiply):
            source = places[one.source][t][:, one.column : one.column + one.inputs]
            weight = places[f"weight{one.weight}"][t]
            weight = weight.t() if one.transposed else weight
            if one.add:
                places[one.result][t].addmm_(source, weight)
            else:
                torch.mm(source, weight, out=places[one.result][t])
        else:
            pointers = [places[name][t] for name in one.kernel.buffers]
            ragged = () if lengths is None else (lengths, t)
            one.function[batch, one.kernel.blocks](*pointers, *ragged, num_warps=one.kernel.warps)


def _weight_gradients(
    program: Program, buffers: Mapping[str, Tensor], steps: int, needed: Sequence[bool]
) -> tuple[Tensor | None, ...]:
    """One product over all steps for each product of the step."""
    found: list[Tensor | None] = [None] * len(program.plan.weights)
    for one in program.plan.hoisted:
        if needed[one.weight]:
            gradient = buffers[one.gradient].flatten(0, 1)[:, one.column : one.column + one.width]
            # The operand may be the state before each step: the history without its end.
            operand = buffers[one.operand.replace("prev", "next")][:steps].flatten(0, 1)
            pair = (gradient.t(), operand) if one.transposed else (operand.t(), gradient)
            earlier = found[one.weight]
            found[one.weight] = torch.mm(*pair) if earlier is None else torch.addmm(earlier, *pair)
    return tuple(found)

"""Runs a plan: buffers, the native call, and the gradient of it all as one `torch.autograd.Function`."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from rnnbench.engine.fused.layout import Layout
from rnnbench.engine.fused.linear import is_wanted, multiply
from rnnbench.engine.fused.plan import Plan
from rnnbench.engine.fused.threads import parallel, thread_count


def run_plan(
    plan: Plan, layout: Layout, z: Tensor, state: list[Tensor], mask: Tensor | None, constants: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Runs the loop of a plan.

    Args:
        plan: What to run.
        layout: How sequences lie.
        z: Projected input ``(N, G)``.
        state: Leaves ``(B, W)`` of the state before.
        mask: What the state is multiplied with where the step says so, ``(B, O)``.
        constants: The plan's vectors, then its weights.

    Returns:
        Output ``(N, O)`` and the leaves of the last state.
    """
    given = (z, *state, *constants)
    if torch.is_grad_enabled() and any(one.requires_grad for one in given):
        output, *last = _Recurrence.apply(plan, layout, mask, z, *state, *constants)
        return output, last
    output, last, _ = _forward(plan, layout, mask, z, state, constants, training=False)
    return output, last


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, plan: Plan, layout: Layout, mask: Tensor | None, *given: Tensor) -> tuple[Tensor, ...]:
        z, state, constants = given[0], list(given[1 : 1 + len(plan.leaves)]), list(given[1 + len(plan.leaves) :])
        output, last, kept = _forward(plan, layout, mask, z, state, constants, training=True)
        ctx.plan, ctx.layout = plan, layout
        ctx.names = list(kept)
        ctx.shapes = [one.shape for one in constants]
        ctx.save_for_backward(*kept.values())
        return output, *last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        plan, layout = ctx.plan, ctx.layout
        kept = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        with torch.autocast("cpu", enabled=False):
            found = _backward(plan, layout, kept, gradients[0], gradients[1:], ctx.needs_input_grad[3:])
        vectors = [
            None if one is None else one.view(shape) for one, shape in zip(found.vectors, ctx.shapes, strict=False)
        ]
        return None, None, None, found.z, *found.state, *vectors, *found.weights


def _forward(
    plan: Plan,
    layout: Layout,
    mask: Tensor | None,
    z: Tensor,
    state: list[Tensor],
    constants: list[Tensor],
    training: bool,
) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
    """Output, last state, and what the backward needs by the names of buffers."""
    batch, ragged = layout.batch, layout.ragged
    rows = layout.rows if training else batch
    buffers: dict[str, Tensor] = {"z": z.detach().contiguous()}
    for i, leaf in enumerate(state):
        history = batch + layout.rows if (training and plan.kept[i]) or i == plan.output_leaf else 2 * batch
        buffers[f"prev{i}"] = buffers[f"next{i}"] = z.new_empty(history, plan.leaves[i])
        buffers[f"prev{i}"][:batch] = leaf if ragged is None else leaf[ragged.order]
    if mask is not None:
        buffers["mask"] = (mask if ragged is None else mask[ragged.order]).contiguous()
    for i, constant in enumerate(constants):
        k = i - len(plan.step.vectors)
        buffers[f"vector{i}" if k < 0 else f"weight{k}"] = constant.contiguous()
    for name in (*plan.operands, "saved"):
        buffers[name] = z.new_empty(rows, plan.buffers[name])
    if plan.output_leaf is None:
        buffers["output"] = z.new_empty(layout.rows, plan.output_width)
    for k in range(len(plan.step.products)):
        buffers[f"product{k}"] = z.new_empty(batch, plan.buffers[f"product{k}"])
    _call(plan, layout, "train" if training else "infer", buffers, reverse=False)
    last = []
    for i in range(len(state)):
        leaf = buffers[f"next{i}"]
        kept = len(leaf) != 2 * batch or (training and plan.kept[i]) or i == plan.output_leaf
        if ragged is None:
            first = layout.rows if kept else layout.steps % 2 * batch
            last.append(leaf[first : first + batch].clone())
        else:
            last.append(leaf[ragged.last_kept if kept else ragged.last_alternating])
    output = buffers["output"] if plan.output_leaf is None else buffers[f"next{plan.output_leaf}"][batch:]
    if not training:
        return output, last, {}
    wanted = ["saved", *plan.operands, *(["z"] if plan.keeps_z else [])]
    wanted += [f"next{i}" for i, keep in enumerate(plan.kept) if keep]
    wanted += [name for name in buffers if name.startswith(("mask", "vector", "weight"))]
    return output, last, {name: buffers[name] for name in wanted}


class _Gradients:
    z: Tensor | None
    state: list[Tensor]
    vectors: list[Tensor | None]
    weights: list[Tensor | None]


def _backward(
    plan: Plan,
    layout: Layout,
    kept: dict[str, Tensor],
    d_output: Tensor,
    d_last: tuple[Tensor, ...],
    needed: tuple[bool, ...],
) -> _Gradients:
    batch, ragged = layout.batch, layout.ragged
    buffers = {**kept, "doutput": d_output.contiguous()}
    for i in range(len(plan.leaves)):
        if plan.kept[i]:
            buffers[f"prev{i}"] = buffers[f"next{i}"]
        gradient = d_output.new_empty(2 * batch, plan.leaves[i])
        if ragged is None:
            first = layout.steps % 2 * batch
            gradient[first : first + batch] = d_last[i]
        else:
            gradient[ragged.last_alternating] = d_last[i]
        buffers[f"dprev{i}"] = buffers[f"dnext{i}"] = gradient
    # What was kept will not be asked for again, unless the graph is retained.
    replaced = {} if torch._C._autograd._get_current_graph_task_keep_graph() else plan.replaced
    for name in plan.gradients:
        old = replaced.get(name)
        buffers[name] = kept[old] if old else d_output.new_empty(layout.rows, plan.buffers[name])
    for name in plan.operands:
        buffers[f"d{name}"] = d_output.new_empty(batch, plan.buffers[name])
    chunks = thread_count(layout.batch)
    for i in plan.differentiated_vectors:
        buffers[f"dvector{i}"] = d_output.new_zeros(chunks, plan.buffers[f"vector{i}"])
    _call(plan, layout, "back", buffers, reverse=True)
    found = _Gradients()
    found.z = buffers["dz"] if needed[0] else None
    blocks = [buffers[f"dprev{i}"][:batch] for i in range(len(plan.leaves))]
    found.state = blocks if ragged is None else [block[ragged.rank] for block in blocks]
    found.vectors = [
        buffers[f"dvector{i}"].sum(0) if i in plan.differentiated_vectors else None
        for i in range(len(plan.step.vectors))
    ]
    found.weights = _weight_gradients(plan, layout, buffers, needed[1 + len(plan.leaves) + len(plan.step.vectors) :])
    return found


def _weight_gradients(
    plan: Plan, layout: Layout, buffers: dict[str, Tensor], needed: tuple[bool, ...]
) -> list[Tensor | None]:
    """One product over all steps for each product of the step."""
    found: list[Tensor | None] = [None] * len(plan.weights)
    library = plan.native_code(buffers["dz"].dtype) if is_wanted() else None
    for one in plan.hoisted:
        if needed[one.weight]:
            gradient = buffers[one.gradient][:, one.column : one.column + one.width]
            operand = buffers[one.operand]
            if one.operand.startswith("prev"):
                ragged = layout.ragged
                operand = operand[: layout.rows] if ragged is None else operand.index_select(0, ragged.before)
            pair = (gradient.t(), operand) if one.transposed else (operand.t(), gradient)
            earlier = found[one.weight]
            product = multiply(library, *pair)
            found[one.weight] = product if earlier is None else earlier + product
    return found


def _call(plan: Plan, layout: Layout, program: str, buffers: dict[str, Tensor], reverse: bool) -> None:
    like = buffers["dz" if reverse else "z"]
    chunks = thread_count(layout.batch)
    scratch = {"spill": layout.batch, "temporary": chunks}
    for name, rows in scratch.items():
        if plan.buffers[name]:
            buffers[name] = like.new_empty(rows, plan.buffers[name])
    base = (ctypes.c_void_p * len(plan.buffers))(
        *(buffers[name].data_ptr() if name in buffers else None for name in plan.buffers)
    )
    ragged = layout.ragged
    plan.native_code(like.dtype).rnnbench_run(
        ctypes.c_int64(layout.steps),
        ctypes.c_int64(layout.batch),
        ctypes.c_int64(chunks),
        ctypes.c_int64(reverse),
        ctypes.c_void_p(None if ragged is None else ragged.counts.data_ptr()),
        ctypes.c_void_p(None if ragged is None else ragged.offsets.data_ptr()),
        layout.bounds(chunks),
        plan.programs[program],
        plan.sizes,
        base,
        parallel(),
    )

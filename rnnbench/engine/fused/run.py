"""Runs a plan: buffers, the native call, and the gradient of it all as one `torch.autograd.Function`."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from rnnbench.engine.fused.layout import Layout
from rnnbench.engine.fused.linear import is_wanted, multiply
from rnnbench.engine.fused.memory import check
from rnnbench.engine.fused.native import NativePlan
from rnnbench.engine.fused.threads import parallel, thread_count
from rnnbench.engine.traced.buffers import MASK, OUTPUT, SAVED, SPILL, TEMPORARY, Buffer, Role, Z


def run_plan(
    native: NativePlan, layout: Layout, z: Tensor, state: list[Tensor], mask: Tensor | None, constants: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Runs the loop of a plan.

    Args:
        native: What to run.
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
        output, *last = _Recurrence.apply(native, layout, mask, z, *state, *constants)
        return output, last
    output, last, _ = _forward(native, layout, mask, z, state, constants, training=False)
    return output, last


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, native: NativePlan, layout: Layout, mask: Tensor | None, *given: Tensor
    ) -> tuple[Tensor, ...]:
        leaves = len(native.plan.leaves)
        z, state, constants = given[0], list(given[1 : 1 + leaves]), list(given[1 + leaves :])
        output, last, kept = _forward(native, layout, mask, z, state, constants, training=True)
        ctx.native, ctx.layout = native, layout
        ctx.buffers = list(kept)
        ctx.shapes = [one.shape for one in constants]
        ctx.save_for_backward(*kept.values())
        return output, *last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        native, layout = ctx.native, ctx.layout
        kept = dict(zip(ctx.buffers, ctx.saved_tensors, strict=True))
        with torch.autocast("cpu", enabled=False):
            found = _backward(native, layout, kept, gradients[0], gradients[1:], ctx.needs_input_grad[3:])
        vectors = [
            None if one is None else one.view(shape) for one, shape in zip(found.vectors, ctx.shapes, strict=False)
        ]
        return None, None, None, found.z, *found.state, *vectors, *found.weights


def _forward(
    native: NativePlan,
    layout: Layout,
    mask: Tensor | None,
    z: Tensor,
    state: list[Tensor],
    constants: list[Tensor],
    training: bool,
) -> tuple[Tensor, list[Tensor], dict[Buffer, Tensor]]:
    """Output, last state, and what the backward needs."""
    plan = native.plan
    batch, ragged = layout.batch, layout.ragged
    rows = layout.rows if training else batch
    buffers: dict[Buffer, Tensor] = {Z: z.detach().contiguous()}
    for i, leaf in enumerate(state):
        history = batch + layout.rows if (training and plan.kept[i]) or i == plan.output_leaf else 2 * batch
        block = z.new_empty(history, plan.leaves[i])
        block[:batch] = leaf if ragged is None else leaf[ragged.order]
        buffers[Buffer(Role.PREV, i)] = buffers[Buffer(Role.NEXT, i)] = block
    if mask is not None:
        buffers[MASK] = (mask if ragged is None else mask[ragged.order]).contiguous()
    for i, constant in enumerate(constants):
        k = i - len(plan.step.vectors)
        buffers[Buffer(Role.VECTOR, i) if k < 0 else Buffer(Role.WEIGHT, k)] = constant.contiguous()
    for buffer in (*plan.operands, SAVED):
        buffers[buffer] = z.new_empty(rows, plan.widths[buffer])
    if plan.output_leaf is None:
        buffers[OUTPUT] = z.new_empty(layout.rows, plan.output_width)
    for k in range(len(plan.step.products)):
        product = Buffer(Role.PRODUCT, k)
        buffers[product] = z.new_empty(batch, plan.widths[product])
    _call(native, layout, "train" if training else "infer", buffers, reverse=False)
    last = []
    for i in range(len(state)):
        leaf = buffers[Buffer(Role.NEXT, i)]
        kept = len(leaf) != 2 * batch or (training and plan.kept[i]) or i == plan.output_leaf
        if ragged is None:
            first = layout.rows if kept else layout.steps % 2 * batch
            last.append(leaf[first : first + batch].clone())
        else:
            last.append(leaf[ragged.last_kept if kept else ragged.last_alternating])
    output = buffers[OUTPUT] if plan.output_leaf is None else buffers[Buffer(Role.NEXT, plan.output_leaf)][batch:]
    if not training:
        return output, last, {}
    wanted = [SAVED, *plan.operands, *([Z] if plan.keeps_z else [])]
    wanted += [Buffer(Role.NEXT, i) for i, keep in enumerate(plan.kept) if keep]
    wanted += [buffer for buffer in buffers if buffer.role in (Role.MASK, Role.VECTOR, Role.WEIGHT)]
    return output, last, {buffer: buffers[buffer] for buffer in wanted}


class _Gradients:
    z: Tensor | None
    state: list[Tensor]
    vectors: list[Tensor | None]
    weights: list[Tensor | None]


def _backward(
    native: NativePlan,
    layout: Layout,
    kept: dict[Buffer, Tensor],
    d_output: Tensor,
    d_last: tuple[Tensor, ...],
    needed: tuple[bool, ...],
) -> _Gradients:
    plan, batch, ragged = native.plan, layout.batch, layout.ragged
    buffers = {**kept, OUTPUT.gradient: d_output.contiguous()}
    for i in range(len(plan.leaves)):
        before, after = Buffer(Role.PREV, i), Buffer(Role.NEXT, i)
        if plan.kept[i]:
            buffers[before] = buffers[after]
        gradient = d_output.new_empty(2 * batch, plan.leaves[i])
        if ragged is None:
            first = layout.steps % 2 * batch
            gradient[first : first + batch] = d_last[i]
        else:
            gradient[ragged.last_alternating] = d_last[i]
        buffers[before.gradient] = buffers[after.gradient] = gradient
    # What was kept will not be asked for again, unless the graph is retained.
    replaced = {} if torch._C._autograd._get_current_graph_task_keep_graph() else native.replaced
    for buffer in plan.gradients:
        old = replaced.get(buffer)
        buffers[buffer] = kept[old] if old else d_output.new_empty(layout.rows, native.widths[buffer])
    for buffer in plan.operands:
        buffers[buffer.gradient] = d_output.new_empty(batch, plan.widths[buffer])
    chunks = thread_count(layout.batch)
    for i in plan.differentiated_vectors:
        vector = Buffer(Role.VECTOR, i)
        buffers[vector.gradient] = d_output.new_zeros(chunks, plan.widths[vector])
    _call(native, layout, "back", buffers, reverse=True)
    found = _Gradients()
    found.z = buffers[Z.gradient] if needed[0] else None
    blocks = [buffers[Buffer(Role.PREV, i).gradient][:batch] for i in range(len(plan.leaves))]
    found.state = blocks if ragged is None else [block[ragged.rank] for block in blocks]
    found.vectors = [
        buffers[Buffer(Role.VECTOR, i).gradient].sum(0) if i in plan.differentiated_vectors else None
        for i in range(len(plan.step.vectors))
    ]
    found.weights = _weight_gradients(native, layout, buffers, needed[1 + len(plan.leaves) + len(plan.step.vectors) :])
    return found


def _weight_gradients(
    native: NativePlan, layout: Layout, buffers: dict[Buffer, Tensor], needed: tuple[bool, ...]
) -> list[Tensor | None]:
    """One product over all steps for each product of the step."""
    found: list[Tensor | None] = [None] * len(native.plan.weights)
    library = native.native_code(buffers[Z.gradient].dtype).shared if is_wanted() else None
    for one in native.plan.hoisted:
        if needed[one.weight]:
            gradient = buffers[one.gradient][:, one.column : one.column + one.width]
            operand = buffers[one.operand]
            if one.operand.role is Role.PREV:
                ragged = layout.ragged
                operand = operand[: layout.rows] if ragged is None else operand.index_select(0, ragged.before)
            pair = (gradient.t(), operand) if one.transposed else (operand.t(), gradient)
            earlier = found[one.weight]
            product = multiply(library, *pair)
            found[one.weight] = product if earlier is None else earlier + product
    return found


def _call(native: NativePlan, layout: Layout, program: str, buffers: dict[Buffer, Tensor], reverse: bool) -> None:
    like = buffers[Z.gradient if reverse else Z]
    chunks = thread_count(layout.batch)
    for buffer, rows in ((SPILL, layout.batch), (TEMPORARY, chunks)):
        if native.widths[buffer]:
            buffers[buffer] = like.new_empty(rows, native.widths[buffer])
    base = (ctypes.c_void_p * len(native.widths))(
        *(buffers[buffer].data_ptr() if buffer in buffers else None for buffer in native.widths)
    )
    ragged = layout.ragged
    code = native.native_code(like.dtype)
    status = code.shared.rnnbench_run(
        ctypes.c_int64(layout.steps),
        ctypes.c_int64(layout.batch),
        ctypes.c_int64(chunks),
        ctypes.c_int64(reverse),
        ctypes.c_void_p(None if ragged is None else ragged.counts.data_ptr()),
        ctypes.c_void_p(None if ragged is None else ragged.offsets.data_ptr()),
        layout.bounds(chunks),
        native.programs[program],
        native.sizes,
        code.kernels,
        base,
        parallel(),
    )
    check(status)

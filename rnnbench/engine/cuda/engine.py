"""The engine `triton`: the fused step of any cell, on CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine, cannot_run
from rnnbench.engine.call import project, returned_dtype, zero_padding
from rnnbench.engine.cuda.compiled import Program, compile_plan
from rnnbench.engine.cuda.device import missing, on_cuda
from rnnbench.engine.cuda.graphs import GraphCache
from rnnbench.engine.cuda.loop import Inputs, run_backward, run_forward
from rnnbench.engine.precision import loop_dtype, low_dtype, products_as
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.engine.traced.plan import Plan
from rnnbench.engine.traced.prepare import prepare


class TritonEngine(Engine):
    """Runs the traced step of any cell as row kernels around cuBLAS products, whole loops as CUDA graphs."""

    name = "triton"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses cells whose step has no fused form, and everything where triton or a CUDA device is missing."""
        return missing(device) or _no_form(cell, masked, device)

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`.

        The loop runs in float64 where the state is in float64, else in float32, under autocast too; output and state
        are then float32 as the reference engine's carried state is. Its products are as precise as
        `rnnbench.engine.precision` says.
        """
        on_cuda(x, self.name)
        try:
            return run_cell(cell, params, x, state, lengths)
        except Unsupported as error:
            raise cannot_run(self.name, cell, str(error)) from None


def run_cell(
    cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
) -> tuple[Tensor, State]:
    """Runs a cell, in Triton's interpreter on CPU tensors too; takes and returns what `Engine.run` does."""
    dtype, returned, low = loop_dtype(state), returned_dtype(x, state), low_dtype(x, state)
    mask = params.get(cell.state_mask_names()[0])
    z = project(cell, params, x).to(dtype).transpose(0, 1)
    with products_as(x.device, None), torch.cuda.device_of(x):
        runner = prepare(cell, mask is not None, x.device).derived(_Runner)
        plan = runner.plan
        if len(x) == 0:
            return x.new_zeros(0, x.shape[1], plan.output_width, dtype=returned), state
        memo = dict(params)
        given = Inputs(
            z,
            None if lengths is None else lengths.to(x.device, non_blocking=True),
            None if mask is None else mask.to(dtype),
            tuple(leaf.to(dtype) for leaf in state),
            tuple(one.evaluate(memo).to(dtype) for one in (*plan.step.vectors, *plan.weights)),
        )
        y, last = runner.run(given, low)
    return zero_padding(y.transpose(0, 1).to(returned), lengths), tuple(leaf.to(returned) for leaf in last)


class _Runner:
    """A plan with its programs and captured loops."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.graphs = GraphCache()
        self._programs: dict[bool, Program] = {}

    def program(self, ragged: bool) -> Program:
        if ragged not in self._programs:
            self._programs[ragged] = compile_plan(self.plan, ragged)
        return self._programs[ragged]

    def run(self, given: Inputs, low: torch.dtype | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        differentiated = (given.z, *given.state, *given.constants)
        if torch.is_grad_enabled() and any(one.requires_grad for one in differentiated):
            y, *last = _Recurrence.apply(self, low, given.lengths, given.mask, *differentiated)
            return y, tuple(last)
        with torch.no_grad():
            loop = self.graphs.find(self.program(ragged=True), given, False, (), low)
            if loop is not None:
                made = loop.forward(given)
            else:
                made = run_forward(self.program(given.lengths is not None), given, False, low, given.z.new_empty)
        return made.output, made.last


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, runner: _Runner, low: torch.dtype | None, lengths: Tensor | None, mask: Tensor | None, *given: Tensor
    ) -> tuple[Tensor, ...]:
        plan, leaves = runner.plan, len(runner.plan.leaves)
        inputs = Inputs(given[0], lengths, mask, given[1 : 1 + leaves], given[1 + leaves :])
        ctx.program, ctx.lengths, ctx.low = runner.program(lengths is not None), lengths, low
        ctx.needed = ctx.needs_input_grad[5 + leaves + len(plan.step.vectors) :]
        ctx.shapes = [one.shape for one in given]
        ctx.loop = runner.graphs.find(runner.program(ragged=True), inputs, True, ctx.needed, low)
        if ctx.loop is None:
            made = run_forward(ctx.program, inputs, True, low, given[0].new_empty)
        else:
            made, ctx.ticket = ctx.loop.forward(inputs), runner.graphs.wait()
        ctx.buffers = list(made.kept)
        ctx.save_for_backward(*made.kept.values())
        return made.output, *made.last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        # In the captured loop too: that what it kept has not been overwritten is checked here.
        kept = dict(zip(ctx.buffers, ctx.saved_tensors, strict=True))
        d_output, *d_last = gradients
        with products_as(d_output.device, None), torch.cuda.device_of(d_output):
            if ctx.loop is None:
                found = run_backward(
                    ctx.program, kept, ctx.lengths, d_output, d_last, ctx.needed, ctx.low, d_output.new_empty
                )
            else:
                found = ctx.loop.backward(d_output, d_last)
                ctx.ticket = None
        shaped = (
            None if one is None or not needed else one.view(shape)
            for one, needed, shape in zip(found.tensors(), ctx.needs_input_grad[4:], ctx.shapes, strict=True)
        )
        return None, None, None, None, *shaped


def _no_form(cell: RNNCell, masked: bool, device: torch.device | None) -> str | None:
    try:
        prepare(cell, masked, device).derived(_Runner).program(ragged=True)
    except Unsupported as error:
        return str(error)
    return None

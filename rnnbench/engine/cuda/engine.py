"""The engine `triton`: the fused step of any cell, on CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import loop_dtype, project, returned_dtype, zero_padding
from rnnbench.engine.cuda.compiled import Program, compile_plan
from rnnbench.engine.cuda.device import missing_triton, on_cuda
from rnnbench.engine.cuda.graphs import GraphCache
from rnnbench.engine.cuda.loop import Inputs, run_backward, run_forward
from rnnbench.engine.fused.lowering import Unsupported
from rnnbench.engine.fused.plan import Plan
from rnnbench.engine.fused.prepare import prepare


class TritonEngine(Engine):
    """Runs the traced step of any cell as row kernels around cuBLAS products, whole loops as CUDA graphs."""

    name = "triton"

    def refusal(self, cell: RNNCell, masked: bool = False) -> str | None:
        """Refuses cells whose step has no fused form, and everything where triton or a CUDA device is missing."""
        return on_cuda() or missing_triton() or _no_form(cell, masked)

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`.

        The loop runs in float64 where the state is in float64, else in float32. Under autocast that holds as well:
        the input's product is cast as autocast says, and output and state are float32 as the reference engine's
        carried state is. Whether float32 products use TensorFloat-32 is `torch.backends.cuda.matmul`'s to say.
        """
        on_cuda(x, self.name)
        return run_cell(cell, params, x, state, lengths)


def run_cell(
    cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
) -> tuple[Tensor, State]:
    """Runs a cell, in Triton's interpreter on CPU tensors too; takes and returns what `Engine.run` does."""
    dtype, returned = loop_dtype(state), returned_dtype(x, state)
    mask = params.get(cell.state_mask_names()[0])
    z = project(cell, params, x).to(dtype).transpose(0, 1)
    with torch.autocast(x.device.type, enabled=False), torch.cuda.device_of(x):
        runner = _runner(cell, masked=mask is not None)
        plan = runner.plan
        if len(x) == 0:
            return x.new_zeros(0, x.shape[1], plan.output_width, dtype=returned), state
        memo = dict(params)
        given = Inputs(
            z,
            None if lengths is None else lengths.to(x.device),
            None if mask is None else mask.to(dtype),
            tuple(leaf.to(dtype) for leaf in state),
            tuple(one.evaluate(memo).to(dtype) for one in (*plan.step.vectors, *plan.weights)),
        )
        y, last = runner.run(given)
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

    def run(self, given: Inputs) -> tuple[Tensor, tuple[Tensor, ...]]:
        differentiated = (given.z, *given.state, *given.constants)
        if torch.is_grad_enabled() and any(one.requires_grad for one in differentiated):
            y, *last = _Recurrence.apply(self, given.lengths, given.mask, *differentiated)
            return y, tuple(last)
        program = self.program(given.lengths is not None)
        with torch.no_grad():
            loop = self.graphs.find(program, given, False, ())
            made = run_forward(program, given, training=False) if loop is None else loop.forward(given)[0]
        return made.output, made.last


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, runner: _Runner, lengths: Tensor | None, mask: Tensor | None, *given: Tensor
    ) -> tuple[Tensor, ...]:
        plan, leaves = runner.plan, len(runner.plan.leaves)
        inputs = Inputs(given[0], lengths, mask, given[1 : 1 + leaves], given[1 + leaves :])
        ctx.program, ctx.lengths = runner.program(lengths is not None), lengths
        ctx.needed = ctx.needs_input_grad[4 + leaves + len(plan.step.vectors) :]
        ctx.shapes = [one.shape for one in given]
        ctx.loop = runner.graphs.find(ctx.program, inputs, True, ctx.needed)
        if ctx.loop is None:
            made = run_forward(ctx.program, inputs, training=True)
        else:
            made, ctx.ticket = ctx.loop.forward(inputs)
        ctx.names = list(made.kept)
        ctx.save_for_backward(*made.kept.values())
        return made.output, *made.last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        # In the captured loop too: that what it kept has not been overwritten is checked here.
        kept = dict(zip(ctx.names, ctx.saved_tensors, strict=True))
        with torch.autocast(gradients[0].device.type, enabled=False), torch.cuda.device_of(gradients[0]):
            if ctx.loop is None:
                found = run_backward(ctx.program, kept, ctx.lengths, gradients[0], gradients[1:], ctx.needed)
            else:
                found = ctx.loop.backward(gradients[0], gradients[1:])
                ctx.ticket = None
        shaped = (
            None if one is None or not needed else one.view(shape)
            for one, needed, shape in zip(found.tensors(), ctx.needs_input_grad[3:], ctx.shapes, strict=True)
        )
        return None, None, None, *shaped


# As plans do, programs and captured loops live outside of the cells.
_runners: WeakKeyDictionary[RNNCell, dict[int, _Runner]] = WeakKeyDictionary()


def _runner(cell: RNNCell, masked: bool) -> _Runner:
    plan = prepare(cell, masked).plan
    return _runners.setdefault(cell, {}).setdefault(id(plan), _Runner(plan))


def _no_form(cell: RNNCell, masked: bool) -> str | None:
    try:
        _runner(cell, masked).program(ragged=True)
    except Unsupported as error:
        return str(error)
    return None

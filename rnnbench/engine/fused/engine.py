"""The fused engine: see `rnnbench.engine.fused`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine, first_that_runs
from rnnbench.engine.call import project
from rnnbench.engine.fused import build
from rnnbench.engine.fused.layout import Layout, Pack, Unpack, full, ragged
from rnnbench.engine.fused.linear import OwnLinear, is_wanted
from rnnbench.engine.fused.lowering import Unsupported
from rnnbench.engine.fused.plan import Plan
from rnnbench.engine.fused.prepare import Prepared, prepare
from rnnbench.engine.fused.run import run_plan
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine

log = logging.getLogger(__name__)


class FusedEngine(Engine):
    """Traces the step of any cell and runs the loop over time in native code."""

    name = "fused"

    def refusal(self, cell: RNNCell, masked: bool = False) -> str | None:
        """Refuses cells whose step has no fused form, and everything where no code can be built."""
        # Where there is a GPU the cell may be on its way there, and needs no compiler.
        reason = None if torch.cuda.is_available() else build.missing_compiler()
        if reason is not None:
            return reason
        try:
            prepare(cell, masked)
        except Unsupported as error:
            return str(error)
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`; on another device the engine for that device runs, and the next one what cannot be built.

        The loop runs in float64 where the state is in float64, else in float32, under autocast too: output and state
        are then float32 as the reference engine's carried state is.
        """
        mask = params.get(cell.state_mask_names()[0])
        if x.device.type != "cpu":
            # Late, because engines for other devices are made of this package's front end.
            from rnnbench.engine.by_device import engine_on

            return engine_on(x.device.type, cell, mask is not None).run(cell, params, x, state, lengths)
        dtype = torch.float64 if state[0].dtype == torch.float64 else torch.float32
        try:
            prepared = prepare(cell, mask is not None)
            prepared.plan.native_code(dtype)
        except (Unsupported, build.BuildError) as error:
            return _next_engine(cell, mask is not None, str(error)).run(cell, params, x, state, lengths)
        return _run(prepared, cell, params, x, state, lengths, mask, dtype)


def _run(
    prepared: Prepared,
    cell: RNNCell,
    params: Mapping[str, Tensor],
    x: Tensor,
    state: State,
    lengths: Tensor | None,
    mask: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, State]:
    plan = prepared.plan
    batch, steps = x.shape[:2]
    layout = full(batch, steps) if lengths is None else ragged(tuple(lengths.tolist()), steps)
    if layout.rows == 0:
        return x.new_zeros(batch, steps, plan.output_width, dtype=state[0].dtype), state
    if prepared.projection.random:
        # Random numbers are drawn in the order of the batch, the same for every engine.
        z = _arrange(_project(plan, cell, params, x), layout)
    else:
        z = _project(plan, cell, params, _arrange(x, layout))
    if plan.overwrites_z and not prepared.projection.fresh:
        z = z.clone()
    half = state[0].dtype if state[0].dtype != dtype and not torch.is_autocast_enabled("cpu") else dtype
    with torch.autocast("cpu", enabled=False):
        constants = [one.evaluate(params).to(dtype) for one in (*plan.step.vectors, *plan.weights)]
        y, last = run_plan(
            plan,
            layout,
            z.reshape(layout.rows, -1).to(dtype),
            [leaf.to(dtype) for leaf in state],
            None if mask is None else mask.to(dtype),
            constants,
        )
    if layout.ragged is None:
        y = y.view(steps, batch, -1).transpose(0, 1)
    else:
        y = Unpack.apply(y, layout.ragged.cells, batch, steps)
    return y.to(half), tuple(leaf.to(half) for leaf in last)


def _arrange(x: Tensor, layout: Layout) -> Tensor:
    """Padded sequences ``(B, T, W)`` step after step: ``(T, B, W)``, or ``(N, W)`` with lengths."""
    return x.transpose(0, 1).contiguous() if layout.ragged is None else Pack.apply(x, layout.ragged.cells)


def _project(plan: Plan, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    own = is_wanted() and x.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled("cpu")
    with OwnLinear(plan.native_code(x.dtype), x.dtype) if own else nullcontext():
        return project(cell, params, x)


def _next_engine(cell: RNNCell, masked: bool, reason: str) -> Engine:
    """Who runs a cell that this engine cannot run after all: torch.nn's layer where there is one (cuDNN on GPUs)."""
    engine, _ = first_that_runs((TorchEngine(), ReferenceEngine()), cell, masked)
    _log_once(f"{type(cell).__name__} runs on the {engine.name} engine; not on fused: {reason}")
    return engine


@functools.cache
def _log_once(message: str) -> None:
    log.info(message)

"""The fused engine: see `rnnbench.engine.fused`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine, cannot_run, wrong_device
from rnnbench.engine.call import project, returned_dtype
from rnnbench.engine.fused import build
from rnnbench.engine.fused.layout import Layout, Pack, Unpack, full, ragged
from rnnbench.engine.fused.linear import OwnLinear, is_wanted
from rnnbench.engine.fused.native import NativePlan, native_plan
from rnnbench.engine.fused.run import run_plan
from rnnbench.engine.precision import loop_dtype
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.engine.traced.prepare import Prepared, prepare


class FusedEngine(Engine):
    """Traces the step of any cell and runs the loop over time in native code."""

    name = "fused"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses cells whose step has no fused form, other devices, and everything where no code can be built."""
        if device is not None and device.type != "cpu":
            return f"it runs on CPUs only, not on {device.type}"
        reason = build.missing_compiler()
        if reason is not None:
            return reason
        try:
            prepared = prepare(cell, masked, torch.device("cpu"))
            if dtype is not None:
                prepared.derived(native_plan).native_code(dtype)
        except (Unsupported, build.BuildError) as error:
            return str(error)
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`.

        The loop runs in float64 where the state is in float64, else in float32, under autocast too: output and state
        are then float32 as the reference engine's carried state is.
        """
        if x.device.type != "cpu":
            raise wrong_device(self.name, "CPUs", x.device)
        mask = params.get(cell.state_mask_names()[0])
        try:
            prepared = prepare(cell, mask is not None, x.device)
            prepared.derived(native_plan).native_code(loop_dtype(state))
        except (Unsupported, build.BuildError) as error:
            raise cannot_run(self.name, cell, str(error)) from None
        return _run(prepared, cell, params, x, state, lengths, mask)


def _run(
    prepared: Prepared,
    cell: RNNCell,
    params: Mapping[str, Tensor],
    x: Tensor,
    state: State,
    lengths: Tensor | None,
    mask: Tensor | None,
) -> tuple[Tensor, State]:
    plan, native = prepared.plan, prepared.derived(native_plan)
    batch, steps = x.shape[:2]
    dtype, returned = loop_dtype(state), returned_dtype(x, state)
    layout = full(batch, steps) if lengths is None else ragged(tuple(lengths.tolist()), steps)
    if layout.rows == 0:
        return x.new_zeros(batch, steps, plan.output_width, dtype=state[0].dtype), state
    if prepared.projection.random:
        # Random numbers are drawn in the order of the batch, the same for every engine.
        z = _arrange(_project(native, cell, params, x), layout)
    else:
        z = _project(native, cell, params, _arrange(x, layout))
    if plan.overwrites_z and not prepared.projection.fresh:
        z = z.clone()
    with torch.autocast("cpu", enabled=False):
        constants = [one.evaluate(params).to(dtype) for one in (*plan.step.vectors, *plan.weights)]
        y, last = run_plan(
            native,
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
    return y.to(returned), tuple(leaf.to(returned) for leaf in last)


def _arrange(x: Tensor, layout: Layout) -> Tensor:
    """Padded sequences ``(B, T, W)`` step after step: ``(T, B, W)``, or ``(N, W)`` with lengths."""
    return x.transpose(0, 1).contiguous() if layout.ragged is None else Pack.apply(x, layout.ragged.cells)


def _project(native: NativePlan, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    own = is_wanted() and x.dtype in (torch.float32, torch.float64) and not torch.is_autocast_enabled("cpu")
    with OwnLinear(native.native_code(x.dtype).shared, x.dtype) if own else nullcontext():
        return project(cell, params, x)

"""The plan of a cell: made at the first call, kept beside the cell."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnbench.cells import RNNCell
from rnnbench.engine.fused.plan import Plan, make_plan
from rnnbench.engine.fused.trace import Projection, trace_projection


class Prepared(NamedTuple):
    """A cell's plan, and what its projection does."""

    plan: Plan
    projection: Projection


# Plans live outside of the cells, which stay free to be copied, pickled and compared.
_prepared: WeakKeyDictionary[RNNCell, dict[tuple[object, ...], Prepared]] = WeakKeyDictionary()


def prepare(cell: RNNCell, masked: bool) -> Prepared:
    """The plan of a cell, made once for what its step may depend on.

    Args:
        cell: The cell.
        masked: Whether calls hand in a mask for the state.

    Raises:
        Unsupported: Says why the step cannot be fused.
    """
    key = (masked, *_options(cell))
    plans = _prepared.setdefault(cell, {})
    if key not in plans:
        params: dict[str, Tensor] = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
        # The first call may come in inference mode, whose tensors cannot be told apart as a trace needs it.
        with torch.inference_mode(False):
            projection = trace_projection(cell)
            plans[key] = Prepared(make_plan(cell, params, projection.width, masked), projection)
    return plans[key]


def _options(cell: RNNCell) -> tuple[object, ...]:
    """What a step can branch on: plain attributes of the cell and of the modules in it, ``training`` among them."""
    return tuple(
        (name, value)
        for module in cell.modules()
        for name, value in vars(module).items()
        if isinstance(value, bool | int | float | str)
    )

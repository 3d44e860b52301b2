"""The plan of a cell: made at the first call, kept beside the cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnbench.cells import RNNCell
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.engine.traced.plan import Plan, make_plan
from rnnbench.engine.traced.trace import Projection, trace_projection

Made = TypeVar("Made")


class Prepared:
    """A cell's plan, what its projection does, and what engines have made of the plan.

    Args:
        plan: The plan.
        projection: What the projection does.
    """

    def __init__(self, plan: Plan, projection: Projection) -> None:
        self.plan = plan
        self.projection = projection
        self._derived: dict[Callable[[Plan], Any], Any] = {}

    def derived(self, make: Callable[[Plan], Made]) -> Made:
        """What a function makes of the plan, made once."""
        if make not in self._derived:
            self._derived[make] = make(self.plan)
        return self._derived[make]


# Plans live outside of the cells, which stay free to be copied, pickled and compared.
_prepared: WeakKeyDictionary[RNNCell, dict[tuple[object, ...], Prepared | Unsupported]] = WeakKeyDictionary()


def prepare(cell: RNNCell, masked: bool, device: torch.device | None = None) -> Prepared:
    """The plan of a cell, made once for what its step may depend on; so is a refusal.

    Args:
        cell: The cell.
        masked: Whether calls hand in a mask for the state.
        device: Where the step runs: a step may make constants there. None for where the cell is.

    Raises:
        Unsupported: Says why the step cannot be fused.
    """
    if device is None:
        device = next((value.device for value in cell.parameters()), torch.device("cpu"))
    key = (masked, device, *options_of(cell))
    plans = _prepared.setdefault(cell, {})
    if key not in plans:
        try:
            plans[key] = _made(cell, masked, device)
        except Unsupported as refusal:
            plans[key] = refusal
    found = plans[key]
    if isinstance(found, Unsupported):
        # Raised anew each time: an exception that is kept must not grow by the frames that it has passed.
        raise Unsupported(*found.args)
    return found


def _made(cell: RNNCell, masked: bool, device: torch.device) -> Prepared:
    named = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    # The first call may come in inference mode, whose tensors cannot be told apart as a trace needs it.
    with torch.inference_mode(False):
        params = {name: _on(device, value) for name, value in named.items()}
        projection = trace_projection(cell, params, device)
        return Prepared(make_plan(cell, params, projection.width, masked, device), projection)


def _on(device: torch.device, value: Tensor) -> Tensor:
    # A step is traced by its shapes alone, so that numbers which are not there are not missed.
    return torch.zeros_like(value, device=device) if value.is_meta else value.detach().to(device)


def options_of(cell: RNNCell) -> tuple[object, ...]:
    """What a step can branch on: plain attributes of the cell and of the modules in it, ``training`` among them."""
    return tuple(
        (name, value)
        for module in cell.modules()
        for name, value in vars(module).items()
        if isinstance(value, bool | int | float | str)
    )

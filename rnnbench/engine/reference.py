"""The plain loop over `step`: the definition that every other engine is tested against."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import call, project, returned_dtype, zero_padding
from rnnbench.engine.precision import loop_dtype, low_dtype, products_as


class ReferenceEngine(Engine):
    """Runs any cell, one step after the other."""

    name = "reference"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses nothing."""
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        dtype, returned = loop_dtype(state), returned_dtype(x, state)
        z = project(cell, params, x).to(dtype)
        used = {name: value.to(dtype) if value.is_floating_point() else value for name, value in params.items()}
        start = tuple(leaf.to(dtype) for leaf in state)
        lengths = None if lengths is None else lengths.to(x.device, non_blocking=True)
        with products_as(x.device, low_dtype(x, state)):
            y, last = call(cell, used, lambda: _loop(cell, z, start, lengths))
        return zero_padding(y.to(returned), lengths), tuple(leaf.to(returned) for leaf in last)


def _loop(cell: RNNCell, z: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
    # unbind, not indexing: the gradient of z[:, t] would be a zero tensor of z's full size at every step.
    outputs = []
    for t, here in enumerate(z.unbind(1)):
        output, new = cell.step(here, state)
        if lengths is not None:
            valid = t < lengths
            new = tuple(torch.where(_as_wide_as(valid, b), b, a) for a, b in zip(state, new, strict=True))
        state = new
        outputs.append(output)
    return torch.stack(outputs, dim=1), state


def _as_wide_as(mask: Tensor, leaf: Tensor) -> Tensor:
    """The mask ``(B,)`` with as many trailing axes as a leaf ``(B, ...)``."""
    return mask.view(-1, *[1] * (leaf.dim() - 1))

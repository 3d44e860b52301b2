"""The plain loop over `step`: the definition that every other engine is tested against."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import call, zero_padding


class ReferenceEngine(Engine):
    """Runs any cell, one step after the other."""

    name = "reference"

    def refusal(self, cell: RNNCell, masked: bool = False) -> str | None:
        """Refuses nothing."""
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        return call(cell, params, lambda: _loop(cell, x, state, lengths))


def _loop(cell: RNNCell, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
    # unbind, not indexing: the gradient of z[:, t] would be a zero tensor of z's full size at every step.
    inputs = cell.project(x).unbind(1)
    outputs = []
    for t, z in enumerate(inputs):
        output, new = cell.step(z, state)
        if lengths is not None:
            valid = t < lengths
            new = tuple(torch.where(_as_wide_as(valid, b), b, a) for a, b in zip(state, new, strict=True))
        state = new
        outputs.append(output)
    return zero_padding(torch.stack(outputs, dim=1), lengths), state


def _as_wide_as(mask: Tensor, leaf: Tensor) -> Tensor:
    """The mask ``(B,)`` with as many trailing axes as a leaf ``(B, ...)``."""
    return mask.view(-1, *[1] * (leaf.dim() - 1))

"""The plain loop over `step`: the definition that every other engine is tested against."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import zero_padding


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
        named = {f"cell.{name}": value for name, value in params.items()}
        return functional_call(_Loop(cell), named, (x, state, lengths))


class _Loop(nn.Module):
    """The loop as a module, because PyTorch substitutes parameters for the length of one call of a module only."""

    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        # unbind, not indexing: the gradient of z[:, t] would be a zero tensor of z's full size at every step.
        inputs = self.cell.project(x).unbind(1)
        outputs = []
        for t, z in enumerate(inputs):
            output, new = self.cell.step(z, state)
            if lengths is not None:
                valid = t < lengths
                new = tuple(torch.where(_as_wide_as(valid, b), b, a) for a, b in zip(state, new, strict=True))
            state = new
            outputs.append(output)
        return zero_padding(torch.stack(outputs, dim=1), lengths), state


def _as_wide_as(mask: Tensor, leaf: Tensor) -> Tensor:
    """The mask ``(B,)`` with as many trailing axes as a leaf ``(B, ...)``."""
    return mask.view(-1, *[1] * (leaf.dim() - 1))

"""What engines do around their loops: a cell's own functions with other parameters, and the types of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.cells import RNNCell, State


def loop_dtype(state: State) -> torch.dtype:
    """The type of numbers in the loop: float64 where the state has it, else float32."""
    return torch.float64 if state[0].dtype == torch.float64 else torch.float32


def returned_dtype(x: Tensor, state: State) -> torch.dtype:
    """The type of output and last state: the state's, or the loop's under autocast."""
    return loop_dtype(state) if torch.is_autocast_enabled(x.device.type) else state[0].dtype


def zero_padding(y: Tensor, lengths: Tensor | None) -> Tensor:
    """``(B, T, O)`` with zeros past each length, so that padding meets no weight, not even in a gradient."""
    if lengths is None:
        return y
    valid = torch.arange(y.shape[1], device=y.device) < lengths.to(y.device)[:, None]
    return torch.where(valid[..., None], y, y.new_zeros(()))


def project(cell: RNNCell, params: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """The projection of a whole sequence with these parameters: ``(B, T, I)`` -> ``(B, T, G)``."""
    return call(cell, params, lambda: cell.project(x))


def call(cell: RNNCell, params: Mapping[str, Tensor], function: Callable[[], Any]) -> Any:
    """Calls a function of a cell with other values in the place of its parameters."""
    named = {f"cell.{name}": value for name, value in params.items() if value is not None}
    return functional_call(_Calls(cell, function), named, ())


class _Calls(nn.Module):
    """A function as a module, because PyTorch substitutes parameters for one call of a module only."""

    def __init__(self, cell: RNNCell, function: Callable[[], Any]) -> None:
        super().__init__()
        self.cell = cell
        self.function = function

    def forward(self) -> Any:
        return self.function()

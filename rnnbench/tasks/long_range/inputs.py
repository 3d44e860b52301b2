"""Symbols, numbers or pixels in, vectors out, in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.data.long_range.problem import Inputs
from rnnbench.errors import UserError


class InputLayer(nn.Module):
    """A linear map of what stands at a step, a symbol being one-hot; or that itself.

    Args:
        inputs: What stands at a step.
        size: Width I of the vectors; None for no map, so that the network reads one-hot symbols or the bare numbers.
    """

    def __init__(self, inputs: Inputs, size: int | None) -> None:
        super().__init__()
        if size is not None and size < 1:
            raise UserError(f"must be at least 1, found {size}", where="--model.embedding_size")
        self.size = inputs.width if size is None else size
        self.map: Callable[[Tensor], Tensor]
        if not inputs.symbols:
            self.map = nn.Identity() if size is None else nn.Linear(inputs.numbers, size, bias=False)
        elif size is None:
            self.register_buffer("one_hot", torch.eye(inputs.width), persistent=False)
            self.map = self._as_one_hot
        else:
            # A row of a table is the product with a one-hot vector.
            self.map = nn.Embedding(inputs.width, size)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T)`` symbols or ``(B, T, F)`` numbers -> ``(B, T, I)``."""
        return self.map(x)

    def _as_one_hot(self, x: Tensor) -> Tensor:
        return F.embedding(x, cast(Tensor, self.one_hot))

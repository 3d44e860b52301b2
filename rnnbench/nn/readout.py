"""What a decoder makes of its state, the source and the last token, before the softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean

ReadoutKind = Literal["maxout", "tanh", "concat"]


class Readout(nn.Module):
    """Makes one vector of several.

    - maxout: the larger of each pair of 2 D values of a linear layer (Cho et al. 2014, Bahdanau et al. 2015).
    - tanh: a linear layer and tanh.
    - concat: all of them side by side; slow with a large vocabulary, of which every word has a weight for each value.

    Args:
        sizes: Widths of the vectors.
        kind: Which of these.
        size: Width D, of maxout and tanh.

    Raises:
        UserError: There is no such kind, or the width is none.
    """

    def __init__(self, sizes: Sequence[int], kind: ReadoutKind, size: int) -> None:
        super().__init__()
        if kind not in get_args(ReadoutKind):
            raise UserError(f"Readout: no kind is called {kind!r}", hint=did_you_mean(kind, get_args(ReadoutKind)))
        if size < 1:
            raise UserError(f"must be at least 1, found {size}", where="model.decoder.readout_size")
        self.kind = kind
        self.output_size = sum(sizes) if kind == "concat" else size
        self.linear = None if kind == "concat" else nn.Linear(sum(sizes), size * (2 if kind == "maxout" else 1))

    def forward(self, *parts: Tensor) -> Tensor:
        """Vectors ``(..., size)`` -> ``(..., D)``."""
        x = torch.cat(parts, dim=-1)
        if self.linear is None:
            return x
        x = self.linear(x)
        return torch.tanh(x) if self.kind == "tanh" else x.unflatten(-1, (self.output_size, 2)).amax(-1)

    def flops(self) -> int:
        """Floating-point operations for one vector."""
        return 0 if self.linear is None else 2 * self.linear.weight.numel()

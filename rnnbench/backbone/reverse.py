"""Sequences from their ends: what the second direction of a layer reads, and how its output is put in order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def reverse(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverses the valid steps of every sequence and leaves the padding where it is.

    Args:
        x: ``(B, T, I)``.
        lengths: Number of valid steps ``(B,)``; None where all are T.

    Returns:
        ``(B, T, I)``.
    """
    if lengths is None:
        return x.flip(1)
    batch, steps = x.shape[:2]
    position = torch.arange(steps, device=x.device)
    source = torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
    rows = (source + steps * torch.arange(batch, device=x.device)[:, None]).flatten()
    return _Exchange.apply(x.reshape(batch * steps, -1), rows).view(x.shape)


class _Exchange(torch.autograd.Function):
    """Rows ``(N, W)`` in another order that, taken twice, is the first one: as quick backward as forward."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return x.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return _Exchange.apply(gradients[0], rows), None

"""Sequences from their ends: what the second direction of a layer reads, and how its output is put in order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def reversal(lengths: Tensor | None, steps: int) -> Tensor | None:
    """Where each row comes from when valid steps are reversed and padding stays where it is.

    Args:
        lengths: Number of valid steps ``(B,)``, on the device of the sequences; None where all are T.
        steps: T.

    Returns:
        Rows ``(B T,)`` of the flattened sequences; None where all are T.
    """
    if lengths is None:
        return None
    position = torch.arange(steps, device=lengths.device)
    source = torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
    return (source + steps * torch.arange(lengths.shape[0], device=lengths.device)[:, None]).flatten()


def reverse(x: Tensor, rows: Tensor | None) -> Tensor:
    """Reverses the valid steps of every sequence.

    Args:
        x: ``(B, T, I)``.
        rows: What `reversal` says.

    Returns:
        ``(B, T, I)``.
    """
    if rows is None:
        return x.flip(1)
    return _Exchange.apply(x.reshape(rows.shape[0], -1), rows).view(x.shape)


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

"""Gradient checkpointing over time: what a cell keeps of its steps is computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine


def run_in_pieces(
    engine: Engine,
    cell: RNNCell,
    params: Mapping[str, Tensor],
    x: Tensor,
    state: State,
    lengths: Tensor | None,
    size: int,
) -> tuple[Tensor, State]:
    """Runs a cell as `Engine.run` does, and keeps for the backward pass the states between pieces of time alone.

    Each piece is run again when its gradient is wanted. So two forward passes are paid, and of T steps what is kept
    inside is that of ``size`` steps and ``T / size`` states: least with the square root of T. T. Chen, B. Xu, C. Zhang
    and C. Guestrin, Training Deep Nets with Sublinear Memory Cost, arXiv 1604.06174; A. Gruslys et al.,
    Memory-Efficient Backpropagation Through Time, NeurIPS 2016.

    Args:
        engine: Runs a piece.
        cell: See `Engine.run`, and so for the next four.
        params: The values to take for the cell's parameters.
        x: Input ``(B, T, I)``.
        state: State before the first step.
        lengths: Number of valid steps ``(B,)``; None where all are T.
        size: Steps of a piece, at least 1.
    """
    outputs = []
    # Split, not sliced: the gradients of all pieces are put together once.
    for start, piece in zip(range(0, x.shape[1], size), x.split(size, dim=1), strict=True):
        left = None if lengths is None else (lengths - start).clamp(0, piece.shape[1])
        ran = checkpoint(engine.run, cell, params, piece, state, left, use_reentrant=False)
        y, state = cast(tuple[Tensor, State], ran)
        outputs.append(y)
    return torch.cat(outputs, dim=1), state

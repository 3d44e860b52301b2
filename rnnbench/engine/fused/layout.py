"""How a batch of sequences lies in memory: step after step, and in each step the sequences that have not ended.

With lengths, sequences are sorted, longest first, and only valid steps are there at all: neither the loop nor any
product ever sees padding.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Ragged(NamedTuple):
    """What differs between sequences of different lengths.

    Args:
        counts: Number of sequences in each step ``(T',)``.
        offsets: First row of each step ``(T',)``.
        cells: Place of each row ``(N,)`` in the flattened ``(B, T)``.
        order: Original place of each sorted sequence ``(B,)``.
        rank: Sorted place of each original sequence ``(B,)``.
        last_kept: For each original sequence the row of its last state ``(B,)`` in a history, which starts with B rows
            of initial states.
        last_alternating: The same in two blocks of B rows that take turns.
        before: For each row the row ``(N,)`` of the state before it in a history.
        ends: Sum of the lengths of the first sequences ``(B,)``.
    """

    counts: Tensor
    offsets: Tensor
    cells: Tensor
    order: Tensor
    rank: Tensor
    last_kept: Tensor
    last_alternating: Tensor
    before: Tensor
    ends: Tensor


class Layout(NamedTuple):
    """A batch of B sequences: N rows in T' steps, T' the longest length."""

    batch: int
    steps: int
    rows: int
    ragged: Ragged | None

    def bounds(self, chunks: int) -> Any:
        """Where the sequences of each thread begin, so that all have about the same number of steps to do."""
        if self.ragged is None:
            cuts = [self.batch * k // chunks for k in range(chunks + 1)]
        else:
            goals = torch.arange(1, chunks) * self.rows // chunks
            cuts = [0, *torch.searchsorted(self.ragged.ends, goals).tolist(), self.batch]
        return (ctypes.c_int64 * len(cuts))(*cuts)


def full(batch: int, steps: int) -> Layout:
    """The layout of sequences of one length."""
    return Layout(batch, steps, batch * steps, None)


@functools.lru_cache(maxsize=16)
def ragged(lengths: tuple[int, ...], padded: int) -> Layout:
    """The layout of sequences of different lengths.

    Args:
        lengths: Number of valid steps of each sequence.
        padded: Number T of steps of the padded batch.
    """
    given = torch.tensor(lengths)
    longest, order = torch.sort(given, descending=True, stable=True)
    batch, steps = len(lengths), int(longest[0])
    rank = torch.argsort(order)
    valid = longest[None, :] > torch.arange(steps)[:, None]
    counts = valid.sum(1)
    offsets = counts.cumsum(0) - counts
    step, sequence = torch.nonzero(valid, as_tuple=True)
    in_history = torch.cat([torch.zeros(1, dtype=torch.int64), batch + offsets])
    found = Ragged(
        counts,
        offsets,
        order[sequence] * padded + step,
        order,
        rank,
        in_history[given] + rank,
        (given % 2) * batch + rank,
        in_history[step] + sequence,
        longest.cumsum(0),
    )
    return Layout(batch, steps, int(counts.sum()), found)


class Pack(torch.autograd.Function):
    """The valid rows ``(N, W)`` of a padded ``(B, T, W)``; padding gets a gradient of exactly zero."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cells: Tensor) -> Tensor:
        """Gathers."""
        ctx.save_for_backward(cells)
        ctx.shape = x.shape
        return _gather(x, cells)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Scatters."""
        return _scatter(gradients[0], ctx.saved_tensors[0], ctx.shape), None


class Unpack(torch.autograd.Function):
    """A padded ``(B, T, W)``, zero in the padding, of the valid rows ``(N, W)``."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, cells: Tensor, batch: int, steps: int) -> Tensor:
        """Scatters."""
        ctx.save_for_backward(cells)
        return _scatter(y, cells, (batch, steps, y.shape[1]))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        """Gathers."""
        return _gather(gradients[0], ctx.saved_tensors[0]), None, None, None


def _gather(padded: Tensor, cells: Tensor) -> Tensor:
    return padded.reshape(-1, padded.shape[2]).index_select(0, cells)


def _scatter(rows: Tensor, cells: Tensor, shape: tuple[int, ...]) -> Tensor:
    return rows.new_zeros(shape[0] * shape[1], shape[2]).index_copy_(0, cells, rows).view(shape)

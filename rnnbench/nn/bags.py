"""Sums of rows of a table, fast in both directions.

What torch offers for it scatters a gradient row by row; here the gradient is gathered, as the sums themselves are: each
row of the table has a bag, too, of the sums that it is part of. The order of every sum is fixed, so it is the same bits
on any device.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Bags(NamedTuple):
    """Which rows of a table of R rows are summed: N bags, M members in all."""

    rows: Tensor
    """``(M,)`` int64: the row that each member is, bag after bag."""
    starts: Tensor
    """``(N,)`` int64: the first member of each bag."""
    order: Tensor
    """``(M,)`` int64: the members sorted by their rows."""
    bags: Tensor
    """``(M,)`` int64: the bag of each member, in that order."""
    row_starts: Tensor
    """``(R,)`` int64: the first member of each row, in that order."""

    @classmethod
    def of(cls, rows: Tensor, counts: Tensor, table_size: int) -> Bags:
        """Takes N bags.

        Args:
            rows: The rows in them ``(M,)`` int64, bag after bag.
            counts: How many there are in each bag ``(N,)`` int64.
            table_size: Number of rows R of the table.
        """
        bag = torch.arange(len(counts), device=rows.device).repeat_interleave(counts, output_size=len(rows))
        order = rows.argsort(stable=True)
        # Searched for, not counted: to count, a GPU would have to be asked for the largest.
        row_starts = torch.searchsorted(rows[order], torch.arange(table_size, device=rows.device))
        return cls(rows, counts.cumsum(0) - counts, order, bag[order], row_starts)

    def sum(self, table: Tensor, weights: Tensor | None = None) -> Tensor:
        """The sum of each bag.

        Args:
            table: ``(R, D)``.
            weights: A weight for each member ``(M,)``, without gradient; None for ones.

        Returns:
            ``(N, D)``; zero for an empty bag.
        """
        found: Tensor = _Sum.apply(table, self, weights)
        return found


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, bags: Bags, weights: Tensor | None) -> Tensor:
        ctx.bags = bags
        ctx.weights = weights if weights is None else weights[bags.order]
        return _sum(table, bags.rows, bags.starts, weights)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        bags = ctx.bags
        return _sum(gradients[0].contiguous(), bags.bags, bags.row_starts, ctx.weights), None, None


def _sum(table: Tensor, rows: Tensor, starts: Tensor, weights: Tensor | None) -> Tensor:
    weights = weights if weights is None else weights.to(table.dtype)
    return F.embedding_bag(rows, table, starts, mode="sum", per_sample_weights=weights)

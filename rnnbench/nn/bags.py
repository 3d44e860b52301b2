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
        bag = torch.arange(counts.shape[0], device=rows.device).repeat_interleave(counts, output_size=rows.shape[0])
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
        if torch.compiler.is_exporting():
            return self._sum_in_a_graph(table, weights)
        found: Tensor = _Sum.apply(table, self, weights)
        return found

    def _sum_in_a_graph(self, table: Tensor, weights: Tensor | None) -> Tensor:
        """The same by what other programs know, too."""
        parts = table.index_select(0, self.rows)
        parts = parts if weights is None else parts * weights[:, None].to(table.dtype)
        # The bag of a member: so many begin before it.
        begun = self.rows.new_zeros(self.rows.shape[0] + 1)
        bag = begun.scatter_add(0, self.starts, torch.ones_like(self.starts)).cumsum(0)[:-1] - 1
        return table.new_zeros(self.starts.shape[0], table.shape[1]).index_add(0, bag, parts)


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

"""The likelihood of all edges of a graph and of all pairs that are none, in memory that grows with the nodes alone."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_ROWS = 1024
"""Rows of the matrix of all pairs that exist at once."""


def all_pairs_loss(codes: Tensor, edges: Tensor) -> Tensor:
    """Cross-entropy of the graph that the inner products of codes describe, summed over all N x N pairs.

        A' = A + I                                   a node is linked to itself
        w = (N N - |A|) / |A|                        so that edges weigh as much as what is none
        L = N N / (2 (N N - |A|)) sum over a, b of [w A'_ab softplus(-z_a . z_b) + (1 - A'_ab) softplus(z_a . z_b)]

    That is what the code of T. Kipf and M. Welling, Variational Graph Auto-Encoders, 2016, minimises; |A| counts both
    directions of an edge.

    Args:
        codes: ``(N, D)``.
        edges: ``(2, E)`` int64, both directions of every edge.
    """
    nodes = len(codes)
    keys = torch.unique(edges[0] * nodes + edges[1])
    loops = torch.arange(nodes, device=codes.device) * (nodes + 1)
    linked = torch.unique(torch.cat([keys, loops]))
    # A graph of no edge, or of all, has nothing to weigh.
    count = min(max(len(keys), 1), nodes * nodes - 1)
    none = nodes * nodes - count
    score = (codes.index_select(0, linked // nodes) * codes.index_select(0, linked % nodes)).sum(1)
    # softplus(x) = x + softplus(-x): what the sum over all pairs has of a linked one is taken back.
    mended = (none / count - 1) * F.softplus(-score) - score
    total: Tensor = _EveryPair.apply(codes)
    return (total + mended.sum()) * (nodes * nodes / (2 * none))


class _EveryPair(torch.autograd.Function):
    """Sum over all a and b of softplus(z_a . z_b).

    The gradient, 2 sigmoid(Z Z^T) Z, is computed on the way: autograd would keep two matrices of all pairs until then.
    """

    @staticmethod
    def forward(ctx: Any, codes: Tensor) -> Tensor:
        total, gradient = codes.new_zeros(()), torch.empty_like(codes)
        for rows in range(0, len(codes), _ROWS):
            scores = codes[rows : rows + _ROWS] @ codes.T
            total += F.softplus(scores).sum()
            torch.mm(scores.sigmoid_(), codes, out=gradient[rows : rows + _ROWS])
        ctx.save_for_backward(gradient.mul_(2))
        return total

    @staticmethod
    def backward(ctx: Any, given: Tensor) -> Tensor:
        (gradient,) = ctx.saved_tensors
        return given * gradient

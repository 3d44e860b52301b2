"""Additive attention of one step, plainly."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.bench.plain.model import expect, linear_of
from rnnbench.nn.attention import AdditiveAttention, Attention


class PlainAttention(nn.Module):
    """Score v . tanh(W q + U m + b).

    U m + b is computed once a batch, as the paper says (D. Bahdanau, K. Cho and Y. Bengio, ICLR 2015, appendix A.1.2),
    and not at every step, as many tutorials have it.

    Args:
        attention: Ours.
    """

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        ours = expect(attention, AdditiveAttention)
        self.query = linear_of(ours.query)
        self.key = linear_of(ours.key)
        self.energy = linear_of(ours.energy)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, padding: Tensor | None = None) -> Tensor:
        """Looks at places.

        Args:
            query: ``(B, Q)``.
            keys: What ``key`` made of the values ``(B, S, A)``.
            values: ``(B, S, M)``.
            padding: Places that are none ``(B, S)`` bool; None where all are.

        Returns:
            The weighted mean ``(B, M)``.
        """
        scores = self.energy(torch.tanh(self.query(query)[:, None] + keys))[..., 0]
        if padding is not None:
            scores = scores.masked_fill(padding, -torch.inf)
        return torch.bmm(scores.softmax(1)[:, None], values)[:, 0]

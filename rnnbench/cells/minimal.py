"""Minimal gated units whose gates see the input alone: minGRU, minLSTM."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.linear import GatedLinearCell, Number


def positive(x: Tensor) -> Tensor:
    """The paper's continuous, increasing, positive function of a candidate: x + 1/2 from 0 on, sigmoid(x) below."""
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


class MinGRU(GatedLinearCell):
    """Minimal gated recurrent unit (minGRU), whose gate sees the input alone.

        z = sigmoid(W_z x + b_z)          update gate
        n =       g(W_n x + b_n)          candidate, g as in `positive`
        h = (1 - z) h' + z n,  y = h

    L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, Were RNNs All We Needed?, 2024. The candidate is
    that of the paper's log-space form, which its experiments train; the logarithms serve its parallel scan alone, so
    none are taken here. There is no recurrent product. Gates stand in ``weight_ih`` as z, n.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 2

    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """1 - z and z n, both ``(..., H)``."""
        update, candidate = z.chunk(2, dim=-1)
        update = torch.sigmoid(update)
        return (1 - update,), (update * positive(candidate),)


class MinLSTM(GatedLinearCell):
    """Minimal long short-term memory (minLSTM), whose gates see the input alone and sum to one.

        i = sigmoid(W_i x + b_i)                      input gate
        f = sigmoid(W_f x + b_f)                      forget gate
        n =       g(W_n x + b_n)                      candidate, g as in `positive`
        h = f / (f + i) h' + i / (f + i) n,  y = h

    L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, Were RNNs All We Needed?, 2024; see `MinGRU` on g.
    There is no recurrent product. Gates stand in ``weight_ih`` as i, f, n.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 3

    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """F / (f + i) and i / (f + i) n, both ``(..., H)``."""
        i, f, candidate = z.chunk(3, dim=-1)
        # f / (f + i) from the logarithms: both gates may underflow to zero.
        keep = torch.sigmoid(torch.nn.functional.logsigmoid(f) - torch.nn.functional.logsigmoid(i))
        return (keep,), ((1 - keep) * positive(candidate),)

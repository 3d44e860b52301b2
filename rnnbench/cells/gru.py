"""Gated recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import GatedCell, State


class GRU(GatedCell):
    """Gated recurrent unit whose reset gate acts after the matrix product, as in torch.nn.GRU and cuDNN.

        r = sigmoid(W_r x + b_r + U_r h' + c_r)          reset gate
        z = sigmoid(W_z x + b_z + U_z h' + c_z)          update gate
        n =    tanh(W_n x + b_n + r (U_n h' + c_n))      candidate
        h = (1 - z) n + z h',  y = h

    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014, in the form of the paper's
    first arXiv version: the published one resets h' before the product.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 3

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        input_r, input_z, input_n = z.chunk(3, dim=-1)
        hidden_r, hidden_z, hidden_n = self.recur(hidden).chunk(3, dim=-1)
        reset = torch.sigmoid(input_r + hidden_r)
        update = torch.sigmoid(input_z + hidden_z)
        candidate = torch.tanh(input_n + reset * hidden_n)
        hidden = candidate + update * (hidden - candidate)
        return hidden, (hidden,)

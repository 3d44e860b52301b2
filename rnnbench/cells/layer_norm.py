"""LSTM with layer normalisation inside."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.lstm import LSTM


class LayerNormLSTM(LSTM):
    """LSTM that normalises what comes from the input, from the state and from the memory.

        (i, f, g, o) = LN(W x; s_1) + LN(U h'; s_2) + b
        c = sigmoid(f) c' + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(LN(c; s_3, t_3)),  y = h

        LN(a; s, t) = s (a - mean(a)) / sqrt(var(a) + 1e-5) + t

    J. L. Ba, J. R. Kiros and G. E. Hinton, Layer Normalization, arXiv 1607.06450 (2016). Mean and variance are
    over all 4 H sums of the gates at once, and over H in the memory, which is carried on as it is. Shifts t_1 and t_2
    would only add to b and are left out. The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gate.
    """

    recurrent_bias = False

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0) -> None:
        super().__init__(input_size, hidden_size, forget_bias)
        self.norm_ih = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_hh = nn.LayerNorm(4 * hidden_size, bias=False)
        self.norm_c = nn.LayerNorm(hidden_size)

    def project(self, x: Tensor) -> Tensor:
        """LN(W x) + b: ``(..., I)`` -> ``(..., 4 H)``."""
        return self.norm_ih(nn.functional.linear(x, self.weight_ih)) + self.bias_ih

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        i, f, g, o = (z + self.norm_hh(self.recur(hidden))).chunk(4, dim=-1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(self.norm_c(memory))
        return hidden, (hidden, memory)

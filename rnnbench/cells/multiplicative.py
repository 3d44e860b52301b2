"""LSTM whose recurrent weights depend on the input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.lstm import LSTM


class MultiplicativeLSTM(LSTM):
    """LSTM that reads the state through a product with the input: each input has a transition of its own.

        m = (W_m x) (V h')                           intermediate state
        i = sigmoid(W_i x + b_i + U_i m)             input gate
        f = sigmoid(W_f x + b_f + U_f m)             forget gate
        g =    tanh(W_g x + b_g + U_g m)             candidate
        o = sigmoid(W_o x + b_o + U_o m)             output gate
        c = f c' + i g,  h = o tanh(c),  y = h

    B. Krause, L. Lu, I. Murray and S. Renals, Multiplicative LSTM for Sequence Modelling, arXiv 1609.07959 (2016),
    there called mLSTM, a name that the matrix memory of the xLSTM has today as well. It has five quarters of the LSTM's
    products, in two that follow each other. The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gate.
    """

    recurrent_bias = False
    recurrent_weights = ("weight_mh", "weight_hh")
    weight_mh: nn.Parameter

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``weight_ih (5 H, I)`` with W_m at its end, ``weight_hh (4 H, H)`` for U and ``weight_mh (H, H)`` for V."""
        shapes = super().parameter_shapes()
        shapes["weight_ih"] = (5 * self.hidden_size, self.input_size)
        return {**shapes, "weight_mh": (self.hidden_size, self.hidden_size)}

    def project(self, x: Tensor) -> Tensor:
        """W x + b of the gates, then W_m x, which has no bias: ``(..., I)`` -> ``(..., 5 H)``."""
        return nn.functional.linear(x, self.weight_ih, nn.functional.pad(self.bias_ih, (0, self.hidden_size)))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 5 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        *gates, input_m = z.chunk(5, dim=-1)
        m = input_m * nn.functional.linear(self.drop_state(hidden), self.weight_mh)
        recurrent = nn.functional.linear(m, self.weight_hh).chunk(4, dim=-1)
        i, f, g, o = (a + b for a, b in zip(gates, recurrent, strict=True))
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)

"""Long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.cells.base import GatedCell, State


class LSTM(GatedCell):
    """Long short-term memory with a forget gate, as in torch.nn.LSTM.

        i = sigmoid(W_i x + b_i + U_i h' + c_i)      input gate
        f = sigmoid(W_f x + b_f + U_f h' + c_f)      forget gate
        g =    tanh(W_g x + b_g + U_g h' + c_g)      candidate
        o = sigmoid(W_o x + b_o + U_o h' + c_o)      output gate
        c = f c' + i g,  h = o tanh(c),  y = h

    S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997); forget gate: F. A. Gers, J.
    Schmidhuber and F. Cummins, Learning to Forget, Neural Computation 12 (2000). The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gate; 1 lets gradients pass at the start of training (R.
            Jozefowicz, W. Zaremba and I. Sutskever, ICML 2015), 0 is what torch.nn does.
    """

    emits = 0
    gates = 4

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0) -> None:
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size)

    def reset_parameters(self) -> None:
        """As every gated cell, then raises the bias of the forget gate."""
        super().reset_parameters()
        with torch.no_grad():
            self.bias_ih[self.hidden_size : 2 * self.hidden_size] += self.forget_bias

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H and c, both ``(H,)``."""
        return ((self.hidden_size,), (self.hidden_size,))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        i, f, g, o = (z + self.recur(hidden)).chunk(4, dim=-1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)

"""Quasi-recurrent network."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.delays import advance
from rnnbench.cells.linear import LinearCell, Number
from rnnbench.cells.options import check_count


class QRNN(LinearCell):
    """Quasi-recurrent network with fo-pooling, whose gates are a causal convolution of the input.

        z =    tanh(sum_(k=0..K-1) W_z,k x_(t-k) + b_z)      candidate
        f = sigmoid(sum_(k=0..K-1) W_f,k x_(t-k) + b_f)      forget gate
        o = sigmoid(sum_(k=0..K-1) W_o,k x_(t-k) + b_o)      output gate
        c = f c' + (1 - f) z,  y = o c

    J. Bradbury, S. Merity, C. Xiong and R. Socher, Quasi-Recurrent Neural Networks, ICLR 2017, with its filter width
    K. Inputs before the sequence count as zero.

    Row block k of ``weight_ih (3 K H, I)`` has the gates z, f, o of tap k. There is no recurrent product, but 3 K
    products with the input per unit. Beside c, the state has K - 1 leaves ``(B, 3 H)`` of incomplete sums; with a
    window of 1 there are none and the cell is a plain scan.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        window: Filter width K: how many inputs the gates see, this step's included.

    Raises:
        UserError: A size or the window is out of range.
    """

    def __init__(self, input_size: int, hidden_size: int, window: int = 2) -> None:
        super().__init__(input_size, hidden_size)
        check_count(self, "window", window)
        self.window = window
        self.weight_ih = nn.Parameter(torch.empty(3 * window * hidden_size, input_size))
        self.bias_ih = nn.Parameter(torch.empty(3 * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weights and bias from U(-1/sqrt(K I), 1/sqrt(K I)), as torch.nn.Conv1d does."""
        bound = 1 / math.sqrt(self.window * self.input_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """C ``(H,)`` and the incomplete sums of the gates, each ``(3 H,)``."""
        return ((self.hidden_size,), *((3 * self.hidden_size,),) * (self.window - 1))

    def project(self, x: Tensor) -> Tensor:
        """The gates' products of every tap, and the bias in the first: ``(..., I)`` -> ``(..., 3 K H)``."""
        bias = nn.functional.pad(self.bias_ih, (0, 3 * (self.window - 1) * self.hidden_size))
        return nn.functional.linear(x, self.weight_ih, bias)

    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """F and (1 - f) z of the complete sums ``(..., 3 H)``."""
        candidate, forget, _ = z.chunk(3, dim=-1)
        forget = torch.sigmoid(forget)
        return (forget,), ((1 - forget) * torch.tanh(candidate),)

    def read(self, z: Tensor, hidden: State) -> Tensor:
        """O c."""
        return torch.sigmoid(z.chunk(3, dim=-1)[2]) * hidden[0]

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 K H)``, (c', sums) -> y ``(B, H)``, (c, sums)."""
        memory, *sums = state
        gates, rest = advance(z.chunk(self.window, dim=-1), tuple(sums))
        y, new = super().step(gates, (memory,))
        return y, (*new, *rest)

    def extra_repr(self) -> str:
        """Sizes and the window."""
        return f"{super().extra_repr()}, window={self.window}"

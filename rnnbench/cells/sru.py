"""Simple recurrent unit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rnnbench.cells.base import RNNCell, State


class SRU(RNNCell):
    """Simple recurrent unit with its highway connection.

        f = sigmoid(W_f x + v_f c' + b_f)          forget gate
        r = sigmoid(W_r x + v_r c' + b_r)          reset gate
        c = f c' + (1 - f) W x
        y = r c + (1 - r) s                        highway, s = alpha x, or V x where widths differ

    T. Lei, Y. Zhang, S. I. Wang, H. Dai and Y. Artzi, Simple Recurrent Units for Highly Parallelizable Recurrence,
    EMNLP 2018: the version of that paper, not of the first preprints, which have no v. The vectors v multiply unit by
    unit, so that there is no recurrent product, yet the gates see the state and the cell is no `LinearCell`.

    Row blocks of ``weight_ih`` are W, W_f, W_r, and V where I differs from H: 3 or 4 products with the input per unit.
    Initialisation and alpha = sqrt(1 + 2 exp(b_r)) are the paper's and its authors' code's: input, state and output
    have equal variance at the start.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        highway_bias: Initial b_r; the paper takes 0, or -3 for deep stacks, where y starts close to the input.
    """

    def __init__(self, input_size: int, hidden_size: int, highway_bias: float = 0.0) -> None:
        super().__init__(input_size, hidden_size)
        self.highway_bias = highway_bias
        self.alpha = math.sqrt(1 + 2 * math.exp(highway_bias))
        blocks = 3 if input_size == hidden_size else 4
        self.weight_ih = nn.Parameter(torch.empty(blocks * hidden_size, input_size))
        self.weight_state = nn.Parameter(torch.empty(2 * hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(2 * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weights of variance 1/I (v: 1), halved for what the gates add up, V scaled by alpha; b = 0, b_r."""
        size = self.hidden_size
        nn.init.uniform_(self.weight_ih, -math.sqrt(3 / self.input_size), math.sqrt(3 / self.input_size))
        nn.init.uniform_(self.weight_state, -math.sqrt(3 / 2), math.sqrt(3 / 2))
        nn.init.zeros_(self.bias_ih)
        with torch.no_grad():
            self.weight_ih[size : 3 * size] *= math.sqrt(0.5)
            self.weight_ih[3 * size :] *= self.alpha
            self.bias_ih[size:] = self.highway_bias

    def project(self, x: Tensor) -> Tensor:
        """W x, W_f x + b_f, W_r x + b_r and the highway's s: ``(..., I)`` -> ``(..., 4 H)``."""
        size = self.hidden_size
        if self.input_size == size:
            bias = nn.functional.pad(self.bias_ih, (size, 0))
            return torch.cat([nn.functional.linear(x, self.weight_ih, bias), self.alpha * x], dim=-1)
        return nn.functional.linear(x, self.weight_ih, nn.functional.pad(self.bias_ih, (size, size)))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, c' ``(B, H)`` -> y ``(B, H)``, c."""
        (memory,) = state
        value, forget, reset, skip = z.chunk(4, dim=-1)
        v_forget, v_reset = self.weight_state.chunk(2)
        forget = torch.sigmoid(forget + v_forget * memory)
        reset = torch.sigmoid(reset + v_reset * memory)
        memory = value + forget * (memory - value)
        return skip + reset * (memory - skip), (memory,)

    def extra_repr(self) -> str:
        """Sizes and the bias of the highway."""
        return f"{super().extra_repr()}, highway_bias={self.highway_bias}"

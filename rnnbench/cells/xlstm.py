"""The two cells of xLSTM: scalar memory (sLSTM) and matrix memory (mLSTM).

Both have exponential gates. What they hold may outgrow any number, so they store it divided by exp(m), where the
stabiliser m is the largest exponent so far; outputs do not depend on m.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, RNNCell, State
from rnnbench.cells.options import check_heads

_LOG_ZERO = -1e4
"""Stands for the logarithm of zero: exp gives 0, and unlike minus infinity it has gradients and squares."""


class ScalarLSTM(GatedCell):
    """The sLSTM of xLSTM: a long short-term memory with exponential input gate and normaliser.

        i =     exp(W_i x + b_i + U_i h')      input gate
        f = sigmoid(W_f x + b_f + U_f h')      forget gate
        g =    tanh(W_g x + b_g + U_g h')      candidate
        o = sigmoid(W_o x + b_o + U_o h')      output gate
        c = f c' + i g,  n = f n' + i,  h = o c / n,  y = h

    M. Beck et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024, stabilised as there: with m = max(log f + m',
    log i), c and n are stored divided by exp(m). The forget gate is the sigmoid one of the paper's two. Convolution,
    group norm and projections of the paper's block are layers around the cell. The state is (h, c, n, m).

    With several heads each U is block-diagonal: head k multiplies its own H / num_heads units with row block k of
    ``weight_hh (4 H, H / num_heads)``, gates in the order i, f, g, o, one product for each head. Four products per unit
    and weight, as an LSTM's with one head; the recurrent ones fall to 1 / num_heads.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        num_heads: Number of blocks of units that feed back to themselves alone; divides H.
        forget_bias: Initial bias of the forget gate.

    Raises:
        UserError: A size is not a positive integer, or the heads do not divide the hidden units.
    """

    emits = 0
    gates = 4
    recurrent_bias = False

    def __init__(self, input_size: int, hidden_size: int, num_heads: int = 1, forget_bias: float = 1.0) -> None:
        self.num_heads = num_heads
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of every gated cell, but the recurrent matrix is as wide as a head."""
        check_heads(self, self.num_heads, self.hidden_size)  # here, because the sizes are known to be good
        units = self.hidden_size // self.num_heads
        return {**super().parameter_shapes(), "weight_hh": (4 * self.hidden_size, units)}

    def reset_parameters(self) -> None:
        """Draws weights from U(-1/sqrt(H), 1/sqrt(H)); biases are zero but for the forget gate's."""
        super().reset_parameters()
        nn.init.zeros_(self.bias_ih)
        nn.init.constant_(self.bias_ih[self.hidden_size : 2 * self.hidden_size], self.forget_bias)

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H, c, n and m, each ``(H,)``."""
        return ((self.hidden_size,),) * 4

    def initial_state(self, batch_size: int, like: Tensor) -> State:
        """Zeros, and in m the logarithm of zero: nothing has been stored yet."""
        *zeros, stabiliser = super().initial_state(batch_size, like)
        return (*zeros, stabiliser + _LOG_ZERO)

    def recur(self, hidden: Tensor) -> Tensor:
        """U h' of every gate: ``(B, H)`` -> ``(B, 4 H)``."""
        hidden = self.drop_state(hidden)
        if self.num_heads == 1:
            return nn.functional.linear(hidden, self.weight_hh)
        heads = zip(hidden.chunk(self.num_heads, dim=-1), self.weight_hh.chunk(self.num_heads), strict=True)
        products = [nn.functional.linear(units, weight).chunk(4, dim=-1) for units, weight in heads]
        return torch.cat([product[gate] for gate in range(4) for product in products], dim=-1)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h', c', n', m') -> h, (h, c, n, m)."""
        hidden, memory, normaliser, stabiliser = state
        log_i, f, g, o = (z + self.recur(hidden)).chunk(4, dim=-1)
        log_f = nn.functional.logsigmoid(f) + stabiliser
        stabiliser = torch.maximum(log_f, log_i)
        i, f = torch.exp(log_i - stabiliser), torch.exp(log_f - stabiliser)
        memory = f * memory + i * torch.tanh(g)
        normaliser = f * normaliser + i
        # One of i, f is 1, so n never falls below 1, unless the state that was given had no normaliser.
        hidden = torch.sigmoid(o) * memory / normaliser.clamp(min=1.0)
        return hidden, (hidden, memory, normaliser, stabiliser)

    def extra_repr(self) -> str:
        """Sizes and heads."""
        return f"{super().extra_repr()}, num_heads={self.num_heads}"


class MatrixLSTM(RNNCell):
    """The mLSTM of xLSTM: a matrix memory that stores values under keys and is read by queries.

        q = W_q x + b_q,  k = (W_k x + b_k) / sqrt(d),  v = W_v x + b_v      of each head, d = H / num_heads units
        i = exp(w_i x + b_i),  f = sigmoid(w_f x + b_f)                      one number a head
        o = sigmoid(W_o x + b_o)
        C = f C' + i v k^T,  n = f n' + i k
        y = o (C q) / max(|n q|, 1)

    M. Beck et al., xLSTM: Extended Long Short-Term Memory, NeurIPS 2024. With the stabiliser m = max(log f + m', log i,
    0), C and n are stored divided by exp(m), and exp(-m) takes the place of 1; the paper's m has no 0 in it and lets
    exp(-m) overflow, the outputs are the same. The forget gate is the sigmoid one of the paper's two. Convolution,
    group norm and projections of the paper's block are layers around the cell. Not to be confused with
    MultiplicativeLSTM, which is also called mLSTM.

    There is no recurrent product; the input has 4 products per unit. The state is C ``(B, num_heads, d, d)``, n ``(B,
    num_heads, d)`` and m ``(B, num_heads)``: H d numbers a sequence, and a step costs about 5 H d multiply-adds beside
    the products, so that several heads save memory and time. The chunkwise engine does these in matrix products of many
    steps at once; the reference engine keeps every step's C for the gradient, T B H d numbers.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        num_heads: Number of memories; divides H.

    Raises:
        UserError: A size is not a positive integer, or the heads do not divide the hidden units.
    """

    def __init__(self, input_size: int, hidden_size: int, num_heads: int = 1) -> None:
        super().__init__(input_size, hidden_size)
        check_heads(self, num_heads, hidden_size)
        self.num_heads = num_heads
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size + 2 * num_heads, input_size))
        self.bias_ih = nn.Parameter(torch.empty(4 * hidden_size + 2 * num_heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weights from U(-1/sqrt(I), 1/sqrt(I)); biases are zero, but the forget gates' go from 3 to 6."""
        bound = 1 / math.sqrt(self.input_size)
        nn.init.uniform_(self.weight_ih, -bound, bound)
        nn.init.zeros_(self.bias_ih)
        with torch.no_grad():
            self.bias_ih[-self.num_heads :] = torch.linspace(3, 6, self.num_heads)

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """C, n and m of every head."""
        heads, units = self.num_heads, self.hidden_size // self.num_heads
        return ((heads, units, units), (heads, units), (heads,))

    def project(self, x: Tensor) -> Tensor:
        """Q, k, v, o of every unit, then i, f of every head: ``(..., I)`` -> ``(..., 4 H + 2 num_heads)``."""
        return nn.functional.linear(x, self.weight_ih, self.bias_ih)

    def store_and_query(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What a step does with the memory; written for any leading axes, so that an engine may ask for all steps.

        Args:
            z: ``(..., 4 H + 2 num_heads)``, the projected input.

        Returns:
            Query, key and value ``(..., num_heads, d)``, log i and log f ``(..., num_heads)``.
        """
        size = self.hidden_size
        query, key, value, _, log_i, f = z.split([size] * 4 + [self.num_heads] * 2, dim=-1)
        query, key, value = (part.unflatten(-1, (self.num_heads, -1)) for part in (query, key, value))
        return query, key / math.sqrt(key.shape[-1]), value, log_i, nn.functional.logsigmoid(f)

    def read(self, z: Tensor, found: Tensor, weight: Tensor, stabiliser: Tensor) -> Tensor:
        """The output, for any leading axes.

        Args:
            z: ``(..., 4 H + 2 num_heads)``, the projected input.
            found: C q ``(..., num_heads, d)``, divided by exp(m) as the memory is.
            weight: N q ``(..., num_heads)``, divided likewise.
            stabiliser: The exponent m ``(..., num_heads)``.

        Returns:
            ``(..., H)``.
        """
        o = z[..., 3 * self.hidden_size : 4 * self.hidden_size]
        found = found / torch.maximum(weight.abs(), torch.exp(-stabiliser))[..., None]
        return torch.sigmoid(o) * found.flatten(-2)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H + 2 num_heads)``, (C', n', m') -> y ``(B, H)``, (C, n, m)."""
        memory, normaliser, stabiliser = state
        query, key, value, log_i, log_f = self.store_and_query(z)
        log_f = log_f + stabiliser
        stabiliser = torch.maximum(log_f, log_i).clamp(min=0.0)
        i, f = torch.exp(log_i - stabiliser)[..., None], torch.exp(log_f - stabiliser)[..., None]
        memory = f[..., None] * memory + (i * value)[..., :, None] * key[..., None, :]
        normaliser = f * normaliser + i * key
        found = (memory @ query[..., None]).squeeze(-1)
        y = self.read(z, found, (normaliser * query).sum(-1), stabiliser)
        return y, (memory, normaliser, stabiliser)

    def flops_per_step(self) -> int:
        """Those with weights, and those of reading the memory of each head."""
        return super().flops_per_step() + 2 * self.hidden_size**2 // self.num_heads

    def extra_repr(self) -> str:
        """Sizes and heads."""
        return f"{super().extra_repr()}, num_heads={self.num_heads}"

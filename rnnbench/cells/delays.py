"""Tapped delay lines: time-delay network and NARX.

A delay line is a row of ordinary state leaves ``(B, H)``. They hold not what is delayed but sums of its products with
weights that are still incomplete (the transposed form), so that one product a step serves all taps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.options import NONLINEARITIES, Nonlinearity, check_choice, check_count


def advance(taps: Sequence[Tensor], sums: State) -> tuple[Tensor, State]:
    """One step of a tapped delay line in its transposed form: the sum over k of tap k as it was k steps ago.

    Args:
        taps: K tensors ``(B, N)``: what this step gives to the sum of now, of the next step, ...
        sums: K - 1 tensors ``(B, N)``: the sums of now, of the next step, ... so far.

    Returns:
        The sum that is now complete, and the others.
    """
    line = (*(tap + so_far for tap, so_far in zip(taps, sums, strict=False)), taps[-1])
    return line[0], line[1:]


class TDNN(RNNCell):
    """Time-delay network: a causal convolution over the last K inputs.

        y_t = g(W_0 x_t + W_1 x_(t-1) + ... + W_(K-1) x_(t-K+1) + b)

    A. Waibel, T. Hanazawa, G. Hinton, K. Shikano and K. Lang, Phoneme Recognition Using Time-Delay Neural Networks,
    IEEE Transactions on Acoustics, Speech, and Signal Processing 37 (1989). Inputs before the sequence count as zero.

    Row block k of ``weight_ih (K H, I)`` is W_k. All K products with the input are made outside of the loop; a step
    only adds. Per unit that is K times the input products of `Elman` and no recurrent one; the projected input takes K
    times the memory, the state K - 1 leaves ``(B, H)``.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        taps: Number K of inputs that a unit sees, this step's included; at least 2.
        nonlinearity: The function g.

    Raises:
        UserError: A size or the number of taps is out of range, or the nonlinearity is unknown.
    """

    def __init__(self, input_size: int, hidden_size: int, taps: int = 3, nonlinearity: Nonlinearity = "tanh") -> None:
        super().__init__(input_size, hidden_size)
        check_count(self, "taps", taps, at_least=2)
        check_choice(self, "nonlinearity", nonlinearity, NONLINEARITIES)
        self.taps = taps
        self.nonlinearity = nonlinearity
        self.weight_ih = nn.Parameter(torch.empty(taps * hidden_size, input_size))
        self.bias_ih = nn.Parameter(torch.empty(hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws weights and bias from U(-1/sqrt(K I), 1/sqrt(K I)), as torch.nn.Conv1d does."""
        bound = 1 / math.sqrt(self.taps * self.input_size)
        nn.init.uniform_(self.weight_ih, -bound, bound)
        nn.init.uniform_(self.bias_ih, -bound, bound)

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """The incomplete sums of the next K - 1 steps, each ``(H,)``."""
        return ((self.hidden_size,),) * (self.taps - 1)

    def project(self, x: Tensor) -> Tensor:
        """W_k x of every tap, and the bias in the first: ``(..., I)`` -> ``(..., K H)``."""
        bias = nn.functional.pad(self.bias_ih, (0, (self.taps - 1) * self.hidden_size))
        return nn.functional.linear(x, self.weight_ih, bias)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, K H)``, sums -> y ``(B, H)``, sums."""
        total, sums = advance(z.chunk(self.taps, dim=-1), state)
        return NONLINEARITIES[self.nonlinearity](total), sums

    def extra_repr(self) -> str:
        """Sizes, taps and the nonlinearity."""
        return f"{super().extra_repr()}, taps={self.taps}, nonlinearity={self.nonlinearity!r}"


class NARX(RNNCell):
    """Nonlinear autoregressive network with exogenous inputs: sees several past inputs and outputs.

        y_t = g(sum_(k=0..K_x-1) W_k x_(t-k) + sum_(j=1..K_y) U_j y_(t-j) + b)

    T. Lin, B. G. Horne, P. Tino and C. L. Giles, Learning Long-Term Dependencies in NARX Recurrent Neural Networks,
    IEEE Transactions on Neural Networks 7 (1996), with one layer as the nonlinear map.

    Row block k of ``weight_ih (K_x H, I)`` is W_k, row block j of ``weight_hh (K_y H, H)`` is U_(j+1). One product with
    y' a step makes the contributions to the next K_y outputs; inputs and outputs share one line of incomplete sums. Per
    unit that is K_y times the recurrent products of `Elman` (3 by default, an LSTM has 4) and K_x times those of the
    input. The state is y and max(K_x, K_y) - 1 sums, each ``(B, H)``.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        input_taps: Number K_x of inputs that a unit sees, this step's included.
        output_taps: Number K_y of past outputs that a unit sees.
        nonlinearity: The function g.

    Raises:
        UserError: A size or a number of taps is out of range, or the nonlinearity is unknown.
    """

    emits = 0
    recurrent_weights = ("weight_hh",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        input_taps: int = 3,
        output_taps: int = 3,
        nonlinearity: Nonlinearity = "tanh",
    ) -> None:
        super().__init__(input_size, hidden_size)
        check_count(self, "input_taps", input_taps)
        check_count(self, "output_taps", output_taps)
        check_choice(self, "nonlinearity", nonlinearity, NONLINEARITIES)
        self.input_taps = input_taps
        self.output_taps = output_taps
        self.nonlinearity = nonlinearity
        self.weight_ih = nn.Parameter(torch.empty(input_taps * hidden_size, input_size))
        self.weight_hh = nn.Parameter(torch.empty(output_taps * hidden_size, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws every parameter from U(-b, b), b = 1/sqrt(K_y H): as torch.nn.RNN, counting all that feeds back."""
        bound = 1 / math.sqrt(self.output_taps * self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """Y and the incomplete sums, each ``(H,)``."""
        return ((self.hidden_size,),) * max(self.input_taps, self.output_taps)

    def project(self, x: Tensor) -> Tensor:
        """W_k x of every tap, and the bias in the first: ``(..., I)`` -> ``(..., K_x H)``."""
        bias = nn.functional.pad(self.bias_ih, (0, (self.input_taps - 1) * self.hidden_size))
        return nn.functional.linear(x, self.weight_ih, bias)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, K_x H)``, (y', sums) -> y ``(B, H)``, (y, sums)."""
        y, *sums = state
        inputs = z.chunk(self.input_taps, dim=-1)
        outputs = nn.functional.linear(self.drop_state(y), self.weight_hh).chunk(self.output_taps, dim=-1)
        both = [a + b for a, b in zip(inputs, outputs, strict=False)]
        taps = (*both, *inputs[len(both) :], *outputs[len(both) :])
        total, rest = advance(taps, tuple(sums))
        y = NONLINEARITIES[self.nonlinearity](total)
        return y, (y, *rest)

    def extra_repr(self) -> str:
        """Sizes, taps and the nonlinearity."""
        taps = f"input_taps={self.input_taps}, output_taps={self.output_taps}"
        return f"{super().extra_repr()}, {taps}, nonlinearity={self.nonlinearity!r}"

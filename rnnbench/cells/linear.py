"""What cells of a linear recurrence share: the form that a parallel scan needs."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from rnnbench.cells.base import RNNCell, State

Number = tuple[Tensor, ...]
"""Real numbers as ``(value,)``, complex ones as ``(real part, imaginary part)``."""


def multiply(a: Number, b: Number) -> Number:
    """The product of two numbers, part by part of the state.

    Args:
        a: One or two parts ``(..., H)``.
        b: As many, of shapes that broadcast.
    """
    if len(a) == 1:
        return (a[0] * b[0],)
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


class LinearCell(RNNCell):
    """A cell whose state is multiplied and added to, by amounts that the input alone determines.

        h = a h' + b,  y = read(z, h)

    where a, b come from z by `coefficients`. Two steps (a_1, b_1), (a_2, b_2) are one step (a_2 a_1, a_2 b_1 + b_2), so
    an engine may run such a cell as a scan: `coefficients` over the whole sequence, then the recurrence, then `read`
    over the whole sequence. Both are therefore written for any leading axes. A subclass that defines its own `step`, as
    QRNN does for its delays, is no such scan.

    The state has one leaf ``(B, H)``, or two, real and imaginary part, where numbers are complex.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    @abstractmethod
    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """What multiplies the state and what is added to it.

        Args:
            z: ``(..., G)``, the projected input.

        Returns:
            a and b, in as many parts as the state has leaves; parts ``(..., H)``, or ``(H,)`` where they are constant.
        """

    def read(self, z: Tensor, hidden: State) -> Tensor:
        """The output: the state itself unless a cell says otherwise.

        Args:
            z: ``(..., G)``, the projected input.
            hidden: The new state, leaves ``(..., H)``.

        Returns:
            ``(..., O)``.
        """
        return hidden[0]

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, G)``, h' -> y, h."""
        a, b = self.coefficients(z)
        hidden = tuple(kept + added for kept, added in zip(multiply(a, state), b, strict=True))
        return self.read(z, hidden), hidden


class GatedLinearCell(LinearCell):
    """A linear recurrence whose coefficients come from one product W x + b, ``weight_ih (G, I)`` and ``bias_ih (G)``.

    Weights and biases start from U(-1/sqrt(I), 1/sqrt(I)), as those of torch.nn.Linear.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    gates = 1
    """Number of gates: G = gates * H."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(self.gates * hidden_size, input_size))
        self.bias_ih = nn.Parameter(torch.empty(self.gates * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws every parameter from U(-1/sqrt(I), 1/sqrt(I))."""
        bound = 1 / math.sqrt(self.input_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def project(self, x: Tensor) -> Tensor:
        """W x + b of every gate: ``(..., I)`` -> ``(..., G)``."""
        return nn.functional.linear(x, self.weight_ih, self.bias_ih)

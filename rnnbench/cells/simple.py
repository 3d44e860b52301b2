"""Simple units that keep their state: constant error carousel, residual in time, leaky."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, State
from rnnbench.cells.linear import GatedLinearCell, Number
from rnnbench.cells.options import NONLINEARITIES, Nonlinearity, check_choice
from rnnbench.errors import UserError

_SMALL = 0.1
"""Factor on the initial parameters of units that add to their state at every step: what is added piles up."""


class SimpleCell(GatedCell):
    """A cell built on g(W x + U h' + b).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.
    """

    emits = 0
    recurrent_bias = False

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: Nonlinearity = "tanh") -> None:
        super().__init__(input_size, hidden_size)
        check_choice(self, "nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity = nonlinearity

    def activate(self, x: Tensor) -> Tensor:
        """The function g, element by element."""
        return NONLINEARITIES[self.nonlinearity](x)

    def extra_repr(self) -> str:
        """Sizes and the nonlinearity."""
        return f"{super().extra_repr()}, nonlinearity={self.nonlinearity!r}"


class ConstantErrorCarousel(GatedLinearCell):
    """Units with a linear self-loop of weight one, which sum up what they are given.

        h = h' + g(W x + b),  y = h

    The constant error carousel of S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9
    (1997), without the gates that the paper puts around it: the error flows back unchanged over any distance, and the
    state may grow with time. There is no recurrent product, hence H (I + 1) parameters.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.

    Raises:
        UserError: A size is not a positive integer, or the nonlinearity is unknown.
    """

    emits = 0

    def __init__(self, input_size: int, hidden_size: int, nonlinearity: Nonlinearity = "tanh") -> None:
        super().__init__(input_size, hidden_size)
        check_choice(self, "nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity = nonlinearity

    def reset_parameters(self) -> None:
        """Draws weights and bias from U(-b, b), b = 0.1/sqrt(I), so that the sum starts small."""
        super().reset_parameters()
        with torch.no_grad():
            self.weight_ih.mul_(_SMALL)
            self.bias_ih.mul_(_SMALL)

    def coefficients(self, z: Tensor) -> tuple[Number, Number]:
        """1 and g(z), both ``(..., H)``."""
        return (torch.ones_like(z),), (NONLINEARITIES[self.nonlinearity](z),)

    def extra_repr(self) -> str:
        """Sizes and the nonlinearity."""
        return f"{super().extra_repr()}, nonlinearity={self.nonlinearity!r}"


class ResidualRNN(SimpleCell):
    """Residual network in time: each step adds to the state.

        h = h' + g(W x + U h' + b),  y = h

    B. Yue, J. Fu and J. Liang, Residual Recurrent Neural Networks for Learning Sequential Representations, Information
    9 (2018); also one Euler step of a differential equation. The state may grow with time; from torch.nn's initial
    weights it does so at once, and training hardly recovers, so that the cell starts from a tenth of them.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.

    Raises:
        UserError: A size is not a positive integer, or the nonlinearity is unknown.
    """

    def reset_parameters(self) -> None:
        """Draws weights and bias from U(-b, b), b = 0.1/sqrt(H)."""
        super().reset_parameters()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.mul_(_SMALL)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        hidden = hidden + self.activate(z + self.recur(hidden))
        return hidden, (hidden,)


class LeakyRNN(SimpleCell):
    """Leaky integrator units: each moves only part of the way to its new value.

        h = mu h' + (1 - mu) g(W x + U h' + b),  y = h

    M. C. Mozer, Induction of Multiscale Temporal Structure, NIPS 4 (1992); H. Jaeger, M. Lukosevicius, D. Popovici and
    U. Siewert, Optimization and Applications of Echo State Networks with Leaky-Integrator Neurons, Neural Networks 20
    (2007). A unit's time constant is about 1 / (1 - mu) steps. A learned mu is the sigmoid of a parameter ``mu_logit
    (H)``, which keeps it in (0, 1), and starts at the given value in every unit.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.
        mu: The part of the state that is kept, in (0, 1).
        learn_mu: Whether mu is learned, a value for each unit, instead of fixed.

    Raises:
        UserError: A size is not a positive integer, mu is out of range, or the nonlinearity is unknown.
    """

    mu_logit: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: Nonlinearity = "tanh",
        mu: float = 0.5,
        learn_mu: bool = False,
    ) -> None:
        if not 0 < mu < 1:
            raise UserError(f"LeakyRNN: mu must be in (0, 1), found {mu}")
        self.mu = mu
        self.learn_mu = learn_mu
        super().__init__(input_size, hidden_size, nonlinearity)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of every gated cell, and a learned mu."""
        shapes = super().parameter_shapes()
        return {**shapes, "mu_logit": (self.hidden_size,)} if self.learn_mu else shapes

    def reset_parameters(self) -> None:
        """As every gated cell, then sets a learned mu."""
        super().reset_parameters()
        if self.learn_mu:
            nn.init.constant_(self.mu_logit, math.log(self.mu / (1 - self.mu)))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        mu = torch.sigmoid(self.mu_logit) if self.learn_mu else self.mu
        candidate = self.activate(z + self.recur(hidden))
        hidden = candidate + mu * (hidden - candidate)
        return hidden, (hidden,)

    def extra_repr(self) -> str:
        """Sizes, the nonlinearity and mu."""
        return f"{super().extra_repr()}, mu={self.mu}, learn_mu={self.learn_mu}"

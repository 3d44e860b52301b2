"""The simple recurrent network."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from rnnbench.cells.base import GatedCell, State
from rnnbench.errors import UserError, did_you_mean

_NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


class Elman(GatedCell):
    """Elman's simple recurrent network.

        h = g(W x + b + U h' + c),  y = h

    J. L. Elman, Finding Structure in Time, Cognitive Science 14 (1990), with the logistic sigmoid as g; torch.nn.RNN is
    the same with tanh or relu.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.

    Raises:
        UserError: A size is not a positive integer, or the nonlinearity is unknown.
    """

    emits = 0

    def __init__(
        self, input_size: int, hidden_size: int, nonlinearity: Literal["tanh", "relu", "sigmoid"] = "tanh"
    ) -> None:
        super().__init__(input_size, hidden_size)
        if nonlinearity not in _NONLINEARITIES:
            raise UserError(
                f"Elman: no nonlinearity is called {nonlinearity!r}", hint=did_you_mean(nonlinearity, _NONLINEARITIES)
            )
        self.nonlinearity = nonlinearity

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, h' ``(B, H)`` -> h."""
        hidden = _NONLINEARITIES[self.nonlinearity](z + self.recur(state[0]))
        return hidden, (hidden,)

    def extra_repr(self) -> str:
        """Sizes and the nonlinearity."""
        return f"{super().extra_repr()}, nonlinearity={self.nonlinearity!r}"

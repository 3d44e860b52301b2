"""The simple recurrent network."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, State
from rnnbench.cells.options import NONLINEARITIES, Nonlinearity, check_choice


class Elman(GatedCell):
    """Elman's simple recurrent network.

        h = g(W x + b + U h' + c),  y = h

    J. L. Elman, Finding Structure in Time, Cognitive Science 14 (1990), with the logistic sigmoid as g; torch.nn.RNN is
    the same with tanh or relu. With ``nonlinearity="relu"`` and ``initialization="identity"`` it is the IRNN of Q. V.
    Le, N. Jaitly and G. E. Hinton, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units, 2015.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        nonlinearity: The function g.
        initialization: ``uniform`` is torch.nn's; ``identity`` starts from U = I, no bias and W drawn from
            N(0, 0.001^2), so that the state is kept until training changes it.

    Raises:
        UserError: A size is not a positive integer, or the nonlinearity or the initialisation is unknown.
    """

    emits = 0

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: Nonlinearity = "tanh",
        initialization: Literal["uniform", "identity"] = "uniform",
    ) -> None:
        check_choice(self, "nonlinearity", nonlinearity, NONLINEARITIES)
        check_choice(self, "initialization", initialization, ("uniform", "identity"))
        self.nonlinearity = nonlinearity
        self.initialization = initialization
        super().__init__(input_size, hidden_size)

    def reset_parameters(self) -> None:
        """Draws every parameter as `initialization` says."""
        super().reset_parameters()
        if self.initialization == "identity":
            nn.init.normal_(self.weight_ih, std=0.001)
            nn.init.eye_(self.weight_hh)
            nn.init.zeros_(self.bias_ih)
            nn.init.zeros_(self.get_parameter("bias_hh"))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, h' ``(B, H)`` -> h."""
        hidden = NONLINEARITIES[self.nonlinearity](z + self.recur(state[0]))
        return hidden, (hidden,)

    def extra_repr(self) -> str:
        """Sizes and the nonlinearity."""
        return f"{super().extra_repr()}, nonlinearity={self.nonlinearity!r}"

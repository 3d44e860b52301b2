"""Cells that look back several steps at once: time-skip connections, dilated.

The last values of the state are ordinary leaves ``(B, H)``, newest first: a step hands each on under the next name and
copies nothing.
"""

from __future__ import annotations

from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.options import Nonlinearity, check_count
from rnnbench.cells.simple import SimpleCell


class TimeSkipRNN(SimpleCell):
    """Elman network with time-skip connections: a unit also sees the state of d steps ago.

        h_t = g(W x_t + U h_(t-1) + V h_(t-d) + b),  y = h

    S. El Hihi and Y. Bengio, Hierarchical Recurrent Neural Networks for Long-Term Dependencies, NIPS 8 (1996); S. Zhang
    et al., Architectural Complexity Measures of Recurrent Neural Networks, NIPS 29 (2016). A gradient crosses d steps
    in one. Two recurrent products per unit, ``weight_hh`` and ``weight_skip``, both ``(H, H)``: twice those of `Elman`.
    The state is the last d values of h, newest first.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        skip: The distance d in steps; at least 2.
        nonlinearity: The function g.

    Raises:
        UserError: A size or the skip is out of range, or the nonlinearity is unknown.
    """

    recurrent_weights = ("weight_hh", "weight_skip")
    weight_skip: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, skip: int = 4, nonlinearity: Nonlinearity = "tanh") -> None:
        super().__init__(input_size, hidden_size, nonlinearity)
        check_count(self, "skip", skip, at_least=2)
        self.skip = skip

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of every gated cell, and V."""
        return {**super().parameter_shapes(), "weight_skip": (self.hidden_size, self.hidden_size)}

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """The last d values of h, each ``(H,)``."""
        return ((self.hidden_size,),) * self.skip

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, (h_(t-1), ..., h_(t-d)) -> h_t, (h_t, ..., h_(t-d+1))."""
        skipped = nn.functional.linear(self.drop_state(state[-1]), self.weight_skip)
        hidden = self.activate(z + self.recur(state[0]) + skipped)
        return hidden, (hidden, *state[:-1])

    def extra_repr(self) -> str:
        """Sizes, the nonlinearity and the skip."""
        return f"{super().extra_repr()}, skip={self.skip}"


class DilatedRNN(SimpleCell):
    """Dilated Elman network: a unit sees the state of d steps ago in place of the last one.

        h_t = g(W x_t + U h_(t-d) + b),  y = h

    S. Chang et al., Dilated Recurrent Neural Networks, NIPS 30 (2017), whose layers double the dilation from 1 upwards.
    It is d Elman networks that take turns, with one set of weights. The state is the last d values of h, newest first.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        dilation: The distance d in steps.
        nonlinearity: The function g.

    Raises:
        UserError: A size or the dilation is out of range, or the nonlinearity is unknown.
    """

    def __init__(
        self, input_size: int, hidden_size: int, dilation: int = 2, nonlinearity: Nonlinearity = "tanh"
    ) -> None:
        super().__init__(input_size, hidden_size, nonlinearity)
        check_count(self, "dilation", dilation)
        self.dilation = dilation

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """The last d values of h, each ``(H,)``."""
        return ((self.hidden_size,),) * self.dilation

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, H)``, (h_(t-1), ..., h_(t-d)) -> h_t, (h_t, ..., h_(t-d+1))."""
        hidden = self.activate(z + self.recur(state[-1]))
        return hidden, (hidden, *state[:-1])

    def extra_repr(self) -> str:
        """Sizes, the nonlinearity and the dilation."""
        return f"{super().extra_repr()}, dilation={self.dilation}"

"""The three mutated units with which a search over ten thousand architectures ended.

R. Jozefowicz, W. Zaremba and I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, State


class MutatedUnit(GatedCell):
    """What MUT1, MUT2 and MUT3 share: a gate resets before the product, and 1 - z keeps.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 3
    recurrent_bias = False
    recurrent_weights: tuple[str, ...] = ("weight_hh", "weight_hn")
    weight_hn: nn.Parameter

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``weight_hh (H, H)`` for U_r, ``weight_hn (H, H)`` for U_n, and those of the input in the order r, z, n."""
        square = (self.hidden_size, self.hidden_size)
        return {**super().parameter_shapes(), "weight_hh": square, "weight_hn": square}

    def itself(self, x: Tensor) -> Tensor:
        """The input as the paper adds it, without a matrix: ``(..., I)`` -> ``(..., H)``.

        The paper has I = H. Where they differ x is padded with zeros or cut: a matrix would turn MUT2 into a GRU.
        """
        return nn.functional.pad(x, (0, self.hidden_size - self.input_size))

    def update(self, r: Tensor, z: Tensor, n: Tensor, hidden: Tensor) -> tuple[Tensor, State]:
        """The sums of both gates, what the candidate has of the input, and h', all ``(B, H)``, -> h."""
        recurrent = nn.functional.linear(torch.sigmoid(r) * self.drop_state(hidden), self.weight_hn)
        hidden = hidden + torch.sigmoid(z) * (torch.tanh(n + recurrent) - hidden)
        return hidden, (hidden,)


class MUT1(MutatedUnit):
    """First mutated unit: the update gate sees the input alone, the candidate the squashed input itself.

        r = sigmoid(W_r x + b_r + U_r h')                reset gate
        z = sigmoid(W_z x + b_z)                         update gate
        n =    tanh(tanh(x) + b_n + U_n (r h'))          candidate
        h = (1 - z) h' + z n,  y = h

    R. Jozefowicz, W. Zaremba and I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
    Where I and H differ, the x inside tanh(x) is padded with zeros or cut to H units.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those that all three share, with ``weight_ih (2 H, I)`` for W_r and W_z."""
        return {**super().parameter_shapes(), "weight_ih": (2 * self.hidden_size, self.input_size)}

    def project(self, x: Tensor) -> Tensor:
        """W_r x + b_r, W_z x + b_z and tanh(x) + b_n: ``(..., I)`` -> ``(..., 3 H)``."""
        return torch.cat([nn.functional.linear(x, self.weight_ih), torch.tanh(self.itself(x))], dim=-1) + self.bias_ih

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        r, z, n = z.chunk(3, dim=-1)
        return self.update(r + self.recur(hidden), z, n, hidden)


class MUT2(MutatedUnit):
    """Second mutated unit: the reset gate sees the input itself.

        r = sigmoid(x + b_r + U_r h')                    reset gate
        z = sigmoid(W_z x + b_z + U_z h')                update gate
        n =    tanh(W_n x + b_n + U_n (r h'))            candidate
        h = (1 - z) h' + z n,  y = h

    R. Jozefowicz, W. Zaremba and I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.
    Where I and H differ, the x of the reset gate is padded with zeros or cut to H units.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``weight_ih (2 H, I)`` for W_z and W_n, ``weight_hh (2 H, H)`` for U_r and U_z, ``weight_hn (H, H)``."""
        size = self.hidden_size
        return {**super().parameter_shapes(), "weight_ih": (2 * size, self.input_size), "weight_hh": (2 * size, size)}

    def project(self, x: Tensor) -> Tensor:
        """X + b_r, W_z x + b_z and W_n x + b_n: ``(..., I)`` -> ``(..., 3 H)``."""
        return torch.cat([self.itself(x), nn.functional.linear(x, self.weight_ih)], dim=-1) + self.bias_ih

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        r, z, n = z.chunk(3, dim=-1)
        hidden_r, hidden_z = self.recur(hidden).chunk(2, dim=-1)
        return self.update(r + hidden_r, z + hidden_z, n, hidden)


class MUT3(MutatedUnit):
    """Third mutated unit: the update gate sees the squashed state.

        r = sigmoid(W_r x + b_r + U_r h')                reset gate
        z = sigmoid(W_z x + b_z + U_z tanh(h'))          update gate
        n =    tanh(W_n x + b_n + U_n (r h'))            candidate
        h = (1 - z) h' + z n,  y = h

    R. Jozefowicz, W. Zaremba and I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    recurrent_weights = ("weight_hh", "weight_hz", "weight_hn")
    weight_hz: nn.Parameter

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those that all three share, and ``weight_hz (H, H)`` for U_z."""
        return {**super().parameter_shapes(), "weight_hz": (self.hidden_size, self.hidden_size)}

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        r, z, n = z.chunk(3, dim=-1)
        squashed = nn.functional.linear(self.drop_state(torch.tanh(hidden)), self.weight_hz)
        return self.update(r + self.recur(hidden), z + squashed, n, hidden)

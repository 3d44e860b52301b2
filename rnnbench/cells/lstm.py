"""Long short-term memory: with a forget gate, without one, with one gate for both, with a projection."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, State
from rnnbench.cells.options import check_count


class LSTM(GatedCell):
    """Long short-term memory with a forget gate, as in torch.nn.LSTM.

        i = sigmoid(W_i x + b_i + U_i h' + c_i)      input gate
        f = sigmoid(W_f x + b_f + U_f h' + c_f)      forget gate
        g =    tanh(W_g x + b_g + U_g h' + c_g)      candidate
        o = sigmoid(W_o x + b_o + U_o h' + c_o)      output gate
        c = f c' + i g,  h = o tanh(c),  y = h

    S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997); forget gate: F. A. Gers, J.
    Schmidhuber and F. Cummins, Learning to Forget, Neural Computation 12 (2000). The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gate; 1 lets gradients pass at the start of training (R.
            Jozefowicz, W. Zaremba and I. Sutskever, ICML 2015), 0 is what torch.nn does.
    """

    emits = 0
    gates = 4

    order = "ifgo"
    """The gates in the order of their rows in weights and biases."""

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 1.0) -> None:
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size)

    def reset_parameters(self) -> None:
        """As every gated cell, then raises the bias of the forget gate, where there is one."""
        super().reset_parameters()
        if "f" in self.order:
            start = self.order.index("f") * self.hidden_size
            with torch.no_grad():
                self.bias_ih[start : start + self.hidden_size] += self.forget_bias

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H and c, both ``(H,)``."""
        return ((self.hidden_size,), (self.hidden_size,))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        i, f, g, o = (z + self.recur(hidden)).chunk(4, dim=-1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)


class NoForgetLSTM(GatedCell):
    """The first LSTM, whose memory adds up and never forgets.

        i = sigmoid(W_i x + b_i + U_i h')            input gate
        g =    tanh(W_g x + b_g + U_g h')            candidate
        o = sigmoid(W_o x + b_o + U_o h')            output gate
        c = c' + i g,  h = o tanh(c),  y = h

    S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (1997), with tanh for both of the
    paper's scaled sigmoids and full gradients instead of truncated ones. The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 3
    recurrent_bias = False

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H and c, both ``(H,)``."""
        return ((self.hidden_size,), (self.hidden_size,))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        i, g, o = (z + self.recur(hidden)).chunk(3, dim=-1)
        memory = memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)


class CoupledLSTM(LSTM):
    """LSTM with one gate to forget and to write: what is forgotten makes room for what is new.

        f = sigmoid(W_f x + b_f + U_f h')            forget gate
        g =    tanh(W_g x + b_g + U_g h')            candidate
        o = sigmoid(W_o x + b_o + U_o h')            output gate
        c = f c' + (1 - f) g,  h = o tanh(c),  y = h

    Known as the coupled input and forget gate, CIFG; K. Greff et al., LSTM: A Search Space Odyssey, arXiv 1503.04069
    (2015), found it as good as the LSTM with a quarter fewer weights. (Theirs has peepholes: `GreffLSTM`.) The state is
    (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gate.
    """

    gates = 3
    order = "fgo"
    recurrent_bias = False

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, (h', c') -> h, (h, c)."""
        hidden, memory = state
        f, g, o = (z + self.recur(hidden)).chunk(3, dim=-1)
        candidate = torch.tanh(g)
        memory = candidate + torch.sigmoid(f) * (memory - candidate)
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)


class ProjectedLSTM(LSTM):
    """LSTM whose output is a projection to fewer units, as in torch.nn.LSTM with proj_size.

        i = sigmoid(W_i x + b_i + U_i h' + c_i)      input gate
        f = sigmoid(W_f x + b_f + U_f h' + c_f)      forget gate
        g =    tanh(W_g x + b_g + U_g h' + c_g)      candidate
        o = sigmoid(W_o x + b_o + U_o h' + c_o)      output gate
        c = f c' + i g,  h = P (o tanh(c)),  y = h

    The recurrent weights U meet O units instead of H. H. Sak, A. Senior and F. Beaufays, Long Short-Term Memory Based
    Recurrent Neural Network Architectures for Large Vocabulary Speech Recognition, arXiv 1402.1128 (2014), without its
    peepholes. The state is (h, c) of widths O and H.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        projection_size: Width O of the output; None for half of H, rounded up.
        forget_bias: Added to the initial bias of the forget gate.

    Raises:
        UserError: A size is not a positive integer.
    """

    weight_hr: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, projection_size: int | None = None, forget_bias: float = 1.0
    ) -> None:
        if projection_size is not None:
            check_count(self, "projection_size", projection_size)
        self.projection_size = projection_size
        super().__init__(input_size, hidden_size, forget_bias)

    @property
    def output_size(self) -> int:
        """Width O of the output, after the projection."""
        return self.projection_size or (self.hidden_size + 1) // 2

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM with ``weight_hh (4 H, O)``, and the projection ``weight_hr (O, H)``."""
        shapes = super().parameter_shapes()
        shapes["weight_hh"] = (self.gates * self.hidden_size, self.output_size)
        return {**shapes, "weight_hr": (self.output_size, self.hidden_size)}

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H ``(O,)`` and c ``(H,)``."""
        return ((self.output_size,), (self.hidden_size,))

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h' ``(B, O)``, c' ``(B, H)``) -> h, (h, c)."""
        hidden, memory = state
        i, f, g, o = (z + self.recur(hidden)).chunk(4, dim=-1)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        hidden = nn.functional.linear(torch.sigmoid(o) * torch.tanh(memory), self.weight_hr)
        return hidden, (hidden, memory)

    def extra_repr(self) -> str:
        """Sizes and the width of the projection."""
        return f"{super().extra_repr()}, projection_size={self.output_size}"

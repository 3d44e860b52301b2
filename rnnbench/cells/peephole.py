"""LSTMs whose gates see the memory, and the ablations of the best-known one."""

from __future__ import annotations

from typing import Literal, cast, get_args

import torch
from torch import Tensor, nn

from rnnbench.cells.base import State
from rnnbench.cells.lstm import LSTM
from rnnbench.cells.options import check_choice

SeenMemory = Literal["new", "old"]
GreffVariant = Literal["V", "NIG", "NFG", "NOG", "NIAF", "NOAF", "CIFG", "NP", "FGR"]


class PeepholeLSTM(LSTM):
    """LSTM whose gates also see the memory, each unit its own.

        i = sigmoid(W_i x + b_i + U_i h' + p_i c')   input gate
        f = sigmoid(W_f x + b_f + U_f h' + p_f c')   forget gate
        g =    tanh(W_g x + b_g + U_g h')            candidate
        c = f c' + i g
        o = sigmoid(W_o x + b_o + U_o h' + p_o c)    output gate; with p_o c' in the other form
        h = o tanh(c),  y = h

    F. A. Gers and J. Schmidhuber, Recurrent Nets that Time and Count, IJCNN 2000; as in A. Graves, Generating Sequences
    With Recurrent Neural Networks, arXiv 1308.0850 (2013). The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        output_peephole: Which memory the output gate sees: the new one c, as published, or the old one c', by which all
            gates are known at once.
        forget_bias: Added to the initial bias of the forget gate.

    Raises:
        UserError: A size is not a positive integer, or there is no such memory.
    """

    recurrent_bias = False
    peephole_i: nn.Parameter
    peephole_f: nn.Parameter
    peephole_o: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, output_peephole: SeenMemory = "new", forget_bias: float = 1.0
    ) -> None:
        check_choice(self, "output_peephole", output_peephole, get_args(SeenMemory))
        self.output_peephole = output_peephole
        super().__init__(input_size, hidden_size, forget_bias)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, and the peepholes, each ``(H,)``."""
        return {**super().parameter_shapes(), **{f"peephole_{gate}": (self.hidden_size,) for gate in "ifo"}}

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 4 H)``, (h', c') -> h, (h, c)."""
        hidden, old = state
        i, f, g, o = (z + self.recur(hidden)).chunk(4, dim=-1)
        i = torch.sigmoid(i + self.peephole_i * old)
        f = torch.sigmoid(f + self.peephole_f * old)
        memory = f * old + i * torch.tanh(g)
        o = torch.sigmoid(o + self.peephole_o * (memory if self.output_peephole == "new" else old))
        hidden = o * torch.tanh(memory)
        return hidden, (hidden, memory)

    def extra_repr(self) -> str:
        """Sizes and the memory that the output gate sees."""
        return f"{super().extra_repr()}, output_peephole={self.output_peephole!r}"


class GreffLSTM(LSTM):
    """The nine LSTMs of "A Search Space Odyssey": the vanilla one, and one part less or more.

        V       i, f, g, c, o, h of `PeepholeLSTM`: peepholes, the output gate sees c
        NIG     no input gate: i = 1
        NFG     no forget gate: f = 1
        NOG     no output gate: o = 1
        NIAF    no input activation function: g = W_g x + b_g + U_g h'
        NOAF    no output activation function: h = o c
        CIFG    coupled input and forget gate: i = 1 - f
        NP      no peepholes: `LSTM` with one bias
        FGR     full gate recurrence: R (i', f', o') joins what i, f and o take the sigmoid of

    K. Greff, R. K. Srivastava, J. Koutnik, B. R. Steunebrink and J. Schmidhuber, LSTM: A Search Space Odyssey, arXiv
    1503.04069 (2015), under its names, all with one bias and the same initialisation, so that they can be compared. (In
    CIFG the paper has f = 1 - i, which is the same with the gate's sign turned.) The state is (h, c), and in FGR (h, c,
    i, f, o).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        variant: Which of them.
        forget_bias: Added to the initial bias of the forget gate; NFG has none.

    Raises:
        UserError: A size is not a positive integer, or there is no such variant.
    """

    recurrent_bias = False
    weight_gates: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, variant: GreffVariant = "V", forget_bias: float = 1.0
    ) -> None:
        check_choice(self, "variant", variant, get_args(GreffVariant))
        self.variant = variant
        self.order = {"NIG": "fgo", "CIFG": "fgo", "NFG": "igo", "NOG": "ifg"}.get(variant, "ifgo")
        self.gates = len(self.order)
        if variant == "FGR":
            self.recurrent_weights = ("weight_hh", "weight_gates")
        super().__init__(input_size, hidden_size, forget_bias)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM without the removed gate, peepholes ``(H,)``, in FGR ``weight_gates (3 H, 3 H)``."""
        shapes = super().parameter_shapes()
        if self.variant != "NP":
            shapes.update({f"peephole_{gate}": (self.hidden_size,) for gate in self.order.replace("g", "")})
        if self.variant == "FGR":
            shapes["weight_gates"] = (3 * self.hidden_size, 3 * self.hidden_size)
        return shapes

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H and c, in FGR h, c, i, f and o, all ``(H,)``."""
        return ((self.hidden_size,),) * (5 if self.variant == "FGR" else 2)

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, G)``, (h', c', ...) -> h, (h, c, ...)."""
        hidden, memory, *before = state
        sums = dict(zip(self.order, (z + self.recur(hidden)).chunk(self.gates, dim=-1), strict=True))
        if self.variant == "FGR":
            operand = torch.cat([self.drop_state(gate) for gate in before], dim=-1)
            recurrence = nn.functional.linear(operand, self.weight_gates).chunk(3, dim=-1)
            sums.update({gate: sums[gate] + part for gate, part in zip("ifo", recurrence, strict=True)})

        f = self._gate("f", sums, memory)
        i = 1 - f if self.variant == "CIFG" else self._gate("i", sums, memory)
        g = sums["g"] if self.variant == "NIAF" else torch.tanh(sums["g"])
        memory = f * memory + i * g
        o = self._gate("o", sums, memory)
        hidden = o * (memory if self.variant == "NOAF" else torch.tanh(memory))
        # FGR has all three gates: none of them is the number 1.
        return hidden, (hidden, memory, *cast(State, (i, f, o))) if self.variant == "FGR" else (hidden, memory)

    def _gate(self, gate: str, sums: dict[str, Tensor], memory: Tensor) -> Tensor | float:
        """A gate that sees this memory; 1 where the variant has no such gate."""
        if gate not in sums:
            return 1.0
        if self.variant == "NP":
            return torch.sigmoid(sums[gate])
        return torch.sigmoid(sums[gate] + getattr(self, f"peephole_{gate}") * memory)

    def extra_repr(self) -> str:
        """Sizes and the variant."""
        return f"{super().extra_repr()}, variant={self.variant!r}"

"""Gated recurrent unit: reset after or before the matrix product, and with one gate for both."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from rnnbench.cells.base import GatedCell, State
from rnnbench.cells.options import check_choice

Share = Literal["z", "1-z"]


class GRU(GatedCell):
    """Gated recurrent unit whose reset gate acts after the matrix product, as in torch.nn.GRU and cuDNN.

        r = sigmoid(W_r x + b_r + U_r h' + c_r)          reset gate
        z = sigmoid(W_z x + b_z + U_z h' + c_z)          update gate
        n =    tanh(W_n x + b_n + r (U_n h' + c_n))      candidate
        h = (1 - z) n + z h',  y = h

    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014, in the form of the paper's
    first arXiv version: the published one is `ResetBeforeGRU`.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 3

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        input_r, input_z, input_n = z.chunk(3, dim=-1)
        hidden_r, hidden_z, hidden_n = self.recur(hidden).chunk(3, dim=-1)
        reset = torch.sigmoid(input_r + hidden_r)
        update = torch.sigmoid(input_z + hidden_z)
        candidate = torch.tanh(input_n + reset * hidden_n)
        hidden = candidate + update * (hidden - candidate)
        return hidden, (hidden,)


class ResetBeforeGRU(GatedCell):
    """Gated recurrent unit whose reset gate acts before the matrix product, as published.

        r = sigmoid(W_r x + b_r + U_r h')                reset gate
        z = sigmoid(W_z x + b_z + U_z h')                update gate
        n =    tanh(W_n x + b_n + U_n (r h'))            candidate
        h = z h' + (1 - z) n,  y = h                     z keeps
        h = (1 - z) h' + z n,  y = h                     1 - z keeps

    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014, has the first form; J. Chung,
    C. Gulcehre, K. Cho and Y. Bengio, Empirical Evaluation of Gated Recurrent Neural Networks on Sequence Modeling,
    arXiv 1412.3555 (2014), the second. Negating the weights and the bias of z turns one into the other.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        keep: Which share of the old state stays.

    Raises:
        UserError: A size is not a positive integer, or there is no such share.
    """

    emits = 0
    gates = 3
    recurrent_bias = False
    recurrent_weights = ("weight_hh", "weight_hn")
    weight_hn: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, keep: Share = "z") -> None:
        check_choice(self, "keep", keep, get_args(Share))
        self.keep = keep
        super().__init__(input_size, hidden_size)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``weight_hh (2 H, H)`` for U_r and U_z, ``weight_hn (H, H)`` for U_n, and those of the input."""
        size = self.hidden_size
        return {**super().parameter_shapes(), "weight_hh": (2 * size, size), "weight_hn": (size, size)}

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 3 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        input_r, input_z, input_n = z.chunk(3, dim=-1)
        dropped = self.drop_state(hidden)
        hidden_r, hidden_z = nn.functional.linear(dropped, self.weight_hh).chunk(2, dim=-1)
        reset = torch.sigmoid(input_r + hidden_r)
        update = torch.sigmoid(input_z + hidden_z)
        candidate = torch.tanh(input_n + nn.functional.linear(reset * dropped, self.weight_hn))
        old, new = (hidden, candidate) if self.keep == "z" else (candidate, hidden)
        hidden = new + update * (old - new)
        return hidden, (hidden,)

    def extra_repr(self) -> str:
        """Sizes and the share that stays."""
        return f"{super().extra_repr()}, keep={self.keep!r}"


class MGU(GatedCell):
    """Minimal gated unit: one gate resets and updates.

        f = sigmoid(W_f x + b_f + U_f h')                forget gate
        n =    tanh(W_n x + b_n + U_n (f h'))            candidate
        h = (1 - f) h' + f n,  y = h

    G.-B. Zhou, J. Wu, C.-L. Zhang and Z.-H. Zhou, Minimal Gated Unit for Recurrent Neural Networks, International
    Journal of Automation and Computing 13 (2016).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    emits = 0
    gates = 2
    recurrent_bias = False
    recurrent_weights = ("weight_hh", "weight_hn")
    weight_hn: nn.Parameter

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """``weight_hh (H, H)`` for U_f, ``weight_hn (H, H)`` for U_n, and those of the input."""
        square = (self.hidden_size, self.hidden_size)
        return {**super().parameter_shapes(), "weight_hh": square, "weight_hn": square}

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """Z ``(B, 2 H)``, h' ``(B, H)`` -> h."""
        (hidden,) = state
        input_f, input_n = z.chunk(2, dim=-1)
        dropped = self.drop_state(hidden)
        forget = torch.sigmoid(input_f + nn.functional.linear(dropped, self.weight_hh))
        candidate = torch.tanh(input_n + nn.functional.linear(forget * dropped, self.weight_hn))
        hidden = hidden + forget * (candidate - hidden)
        return hidden, (hidden,)

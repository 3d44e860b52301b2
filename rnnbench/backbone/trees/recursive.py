"""Recursive networks without gates: with a matrix, and with a tensor."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnbench.backbone.trees.cell import Family, TreeCell
from rnnbench.cells import State
from rnnbench.cells.base import GatedCell
from rnnbench.cells.options import check_count


class TreeRNN(TreeCell, GatedCell):
    """Recursive network: up to N children, each with a matrix of its own.

        h = tanh(W x + U [h_1; ...; h_N] + b),  y = h

    C. Goller and A. Kuechler, Learning Task-Dependent Distributed Representations by Backpropagation Through Structure,
    ICNN 1996; R. Socher et al., EMNLP 2013, section 4.1: p = tanh(U [c_1; c_2]), where words are c themselves and here
    enter by W. A child that is not there counts as zero. The state is h.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        arity: N, the most children of a node.
    """

    emits = 0
    recurrent_bias = False

    def __init__(self, input_size: int, hidden_size: int, arity: int = 2) -> None:
        check_count(self, "arity", arity)
        self.arity: int = arity
        super().__init__(input_size, hidden_size)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of an Elman network, but a recurrent weight of all children ``(H, N H)``."""
        return {**super().parameter_shapes(), "weight_hh": (self.hidden_size, self.arity * self.hidden_size)}

    def leaf(self, z: Tensor) -> tuple[Tensor, State]:
        """H = tanh(W x + b)."""
        hidden = torch.tanh(z)
        return hidden, (hidden,)

    def compose(self, z: Tensor, children: State, family: Family) -> tuple[Tensor, State]:
        """Z ``(P, H)``, h_k of each child -> h, (h)."""
        return self.leaf(z + self._merge(family.side_by_side(children[0], self.arity).flatten(1)))

    def _merge(self, children: Tensor) -> Tensor:
        """What children side by side ``(P, N H)`` add to the input of tanh ``(P, H)``."""
        return F.linear(children, self.weight_hh)


class TensorTreeRNN(TreeRNN):
    """Recursive neural tensor network: children also multiply each other.

        h = tanh(W x + U c + c^T V c + b),  c = [h_1; ...; h_N],  y = h

    with a matrix V_k ``(N H, N H)`` for each unit k. R. Socher, A. Perelygin, J. Wu, J. Chuang, C. D. Manning, A. Y. Ng
    and C. Potts, Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank, EMNLP 2013, section
    4.3. It has H (N H)^2 parameters more than `TreeRNN`: the authors take 25 to 35 units. The state is h.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        arity: N, the most children of a node.
    """

    weight_tensor: nn.Parameter

    recurrent_weights = ("weight_hh", "weight_tensor")

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of `TreeRNN`, and V ``(H, N H, N H)``."""
        width = self.arity * self.hidden_size
        return {**super().parameter_shapes(), "weight_tensor": (self.hidden_size, width, width)}

    def reset_parameters(self) -> None:
        """As every gated cell; V from U(-b, b) with b = 1 / (N H), for it has a square of as many terms."""
        super().reset_parameters()
        bound = 1 / (self.arity * self.hidden_size)
        nn.init.uniform_(self.weight_tensor, -bound, bound)

    def _merge(self, children: Tensor) -> Tensor:
        products = F.linear(children, self.weight_tensor.flatten(0, 1)).unflatten(-1, self.weight_tensor.shape[:2])
        return super()._merge(children) + (products * children[:, None]).sum(-1)

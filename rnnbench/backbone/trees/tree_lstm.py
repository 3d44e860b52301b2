"""Long short-term memory over trees: of children that are summed, and of children in their order."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnbench.backbone.trees.cell import Family, TreeCell
from rnnbench.cells import State
from rnnbench.cells.base import GatedCell
from rnnbench.cells.options import check_count


class _TreeLSTM(TreeCell, GatedCell):
    """What both have: gates i, f, g, o in the order of the LSTM, one forget gate for each child, state (h, c)."""

    emits = 0
    gates = 4
    recurrent_bias = False

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float) -> None:
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size)

    def reset_parameters(self) -> None:
        """As every gated cell, then raises the bias of the forget gates."""
        super().reset_parameters()
        with torch.no_grad():
            self.bias_ih[self.hidden_size : 2 * self.hidden_size] += self.forget_bias

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """H and c, both ``(H,)``."""
        return ((self.hidden_size,), (self.hidden_size,))

    def leaf(self, z: Tensor) -> tuple[Tensor, State]:
        """Nothing is remembered: c = i g, h = o tanh(c)."""
        i, _, g, o = z.chunk(4, dim=-1)
        return self._out(torch.sigmoid(i) * torch.tanh(g), o)

    @staticmethod
    def _out(memory: Tensor, o: Tensor) -> tuple[Tensor, State]:
        hidden = torch.sigmoid(o) * torch.tanh(memory)
        return hidden, (hidden, memory)


class ChildSumTreeLSTM(_TreeLSTM):
    """Child-sum Tree-LSTM: any number of children, whose order does not matter.

        s   = sum over children k of h_k
        i   = sigmoid(W_i x + U_i s + b_i)           input gate
        f_k = sigmoid(W_f x + U_f h_k + b_f)         forget gate of each child
        g   =    tanh(W_g x + U_g s + b_g)           candidate
        o   = sigmoid(W_o x + U_o s + b_o)           output gate
        c = i g + sum of f_k c_k,  h = o tanh(c),  y = h

    K. S. Tai, R. Socher and C. D. Manning, Improved Semantic Representations From Tree-Structured Long Short-Term
    Memory Networks, ACL 2015, equations 2 to 8. On a chain it is the LSTM. The state is (h, c).

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        forget_bias: Added to the initial bias of the forget gates. Two children whose gates stand at 1/2 make a memory
            of the size of one of them; 1, which helps an LSTM, lets memories grow from level to level.
    """

    def __init__(self, input_size: int, hidden_size: int, forget_bias: float = 0.0) -> None:
        super().__init__(input_size, hidden_size, forget_bias)

    def compose(self, z: Tensor, children: State, family: Family) -> tuple[Tensor, State]:
        """Z ``(P, 4 H)``, (h_k, c_k) of each child -> h, (h, c)."""
        hidden, memory = children
        size = self.hidden_size
        z_i, z_f, z_go = z.split([size, size, 2 * size], dim=-1)
        u_i, u_f, u_go = self.weight_hh.split([size, size, 2 * size])
        igo = torch.cat([z_i, z_go], -1) + F.linear(family.sum(hidden), torch.cat([u_i, u_go]))
        i, g, o = igo.chunk(3, dim=-1)
        forget = torch.sigmoid(family.to_children(z_f) + F.linear(hidden, u_f))
        return self._out(torch.sigmoid(i) * torch.tanh(g) + family.sum(forget * memory), o)


class NaryTreeLSTM(_TreeLSTM):
    """N-ary Tree-LSTM: up to N children, each with weights of its own; of constituency trees, where N is 2.

        [i, f_1 ... f_N, g, o] = W x + sum over children l of U_l h_l + b      the f_k share W_f and b_f
        c = sigmoid(i) tanh(g) + sum of sigmoid(f_k) c_k,  h = sigmoid(o) tanh(c),  y = h

    K. S. Tai, R. Socher and C. D. Manning, Improved Semantic Representations From Tree-Structured Long Short-Term
    Memory Networks, ACL 2015, equations 9 to 14, with the forget gate of each child reading all of them. A child that
    is not there counts as zero. With N = 1 it is the LSTM. The state is (h, c).

    `weight_hh` ``((3 + N) H, N H)`` has the rows of i, f_1 ... f_N, g, o, and the columns of h_1 ... h_N.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
        arity: N, the most children of a node.
        forget_bias: Added to the initial bias of the forget gates, see `ChildSumTreeLSTM`.
    """

    def __init__(self, input_size: int, hidden_size: int, arity: int = 2, forget_bias: float = 0.0) -> None:
        check_count(self, "arity", arity)
        self.arity: int = arity
        super().__init__(input_size, hidden_size, forget_bias)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Those of the LSTM, but a recurrent weight of all children."""
        rows = (3 + self.arity) * self.hidden_size
        return {**super().parameter_shapes(), "weight_hh": (rows, self.arity * self.hidden_size)}

    def compose(self, z: Tensor, children: State, family: Family) -> tuple[Tensor, State]:
        """Z ``(P, 4 H)``, (h_k, c_k) of each child -> h, (h, c)."""
        hidden, memory = (family.side_by_side(rows, self.arity) for rows in children)
        z_i, z_f, z_g, z_o = z.chunk(4, dim=-1)
        u = F.linear(hidden.flatten(1), self.weight_hh)
        u_i, u_f, u_g, u_o = u.split([self.hidden_size * n for n in (1, self.arity, 1, 1)], dim=-1)
        forget = torch.sigmoid(z_f[:, None] + u_f.unflatten(-1, (self.arity, self.hidden_size)))
        kept = (forget * memory).sum(1)
        return self._out(torch.sigmoid(z_i + u_i) * torch.tanh(z_g + u_g) + kept, z_o + u_o)

"""Any recurrent cell over trees."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from rnnbench.backbone.trees.cell import Family, TreeCell
from rnnbench.cells import RNNCell, State
from rnnbench.errors import UserError, did_you_mean

Merge = Literal["mean", "sum", "position"]

_POSITIONS = 2


class LiftedCell(TreeCell):
    """A recurrent cell whose state before a node is merged from those after its children, each leaf on its own.

        s = merge(s_1 ... s_K),   y, s' = step(project(x), s)

    - mean: (s_1 + ... + s_K) / K, which leaves every state in the range that the cell is made for.
    - sum: s_1 + ... + s_K, as in the child-sum Tree-LSTM; states that are weights of something sum to more than 1.
    - position: sum of a_k s_k with a_k = exp(e_k) / (exp(e_1) + ... + exp(e_K)), learned for each number of the state;
      the first two children have their own e, and those after them that of the second. So a unit may keep what was to
      the left, and another one what was to the right. It begins near mean, at e from N(0, 1).

    Leaves begin with the cell's own state before a sequence. On a chain it is the cell itself. So an LSTM becomes a
    child-sum Tree-LSTM with one forget gate for all children.

    Args:
        cell: The cell.
        merge: How the states of children become one.

    Raises:
        UserError: There is no such way.
    """

    def __init__(self, cell: RNNCell, merge: Merge = "mean") -> None:
        if merge not in get_args(Merge):
            raise UserError(
                f"states are not merged by {merge!r}",
                where="--model.backbone.merge",
                hint=did_you_mean(merge, get_args(Merge)),
            )
        super().__init__(cell.input_size, cell.hidden_size)
        self.cell = cell
        self.merge = merge
        self.emits = cell.emits
        self.recurrent_weights = tuple(f"cell.{name}" for name in cell.recurrent_weights)
        shapes = cell.state_spec() if merge == "position" else ()
        self.scores = nn.ParameterList([nn.Parameter(torch.randn(_POSITIONS, *shape)) for shape in shapes])

    @property
    def output_size(self) -> int:
        """That of the cell."""
        return self.cell.output_size

    def state_spec(self) -> tuple[tuple[int, ...], ...]:
        """That of the cell."""
        return self.cell.state_spec()

    def initial_state(self, batch_size: int, like: Tensor) -> State:
        """That of the cell."""
        return self.cell.initial_state(batch_size, like)

    def project(self, x: Tensor) -> Tensor:
        """That of the cell."""
        return self.cell.project(x)

    def flops_per_step(self) -> int:
        """Those of the cell."""
        return self.cell.flops_per_step()

    def leaf(self, z: Tensor) -> tuple[Tensor, State]:
        """The first step of a sequence."""
        return self.cell.step(z, self.cell.initial_state(len(z), z))

    def compose(self, z: Tensor, children: State, family: Family) -> tuple[Tensor, State]:
        """A step from the merged state."""
        return self.cell.step(z, self._merged(children, family))

    def _merged(self, children: State, family: Family) -> State:
        if self.merge == "sum":
            return tuple(family.sum(rows) for rows in children)
        if self.merge == "mean":
            shares = 1 / family.counts(children[0])
            return tuple(family.sum(rows) * shares.view(-1, *[1] * (rows.dim() - 1)) for rows in children)
        place = family.position.clamp(max=_POSITIONS - 1)
        merged = []
        for rows, scores in zip(children, self.scores, strict=True):
            # Of each number the larger score is taken off: an exponential of what is left is no infinity.
            weights = (scores - scores.amax(0)).exp().index_select(0, place)
            merged.append(family.sum(rows * weights) / family.sum(weights))
        return tuple(merged)

"""What a tree cell is: a recurrent cell whose state comes from several states before it, those of a node's children."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.errors import UserError


class Family(NamedTuple):
    """Which rows are the children of which of P nodes; M rows in all, those of a node one after the other."""

    nodes: int
    """Number P of nodes."""
    widest: int
    """The most children of a node."""
    alike: bool
    """Whether all nodes have as many."""
    owner: Tensor
    """``(M,)`` int64: to which node each row belongs, ascending."""
    position: Tensor
    """``(M,)`` int64: which child it is, from 0."""

    @classmethod
    def of(cls, nodes: int, width: int, device: torch.device) -> Family:
        """Nodes of which each has as many children.

        Args:
            nodes: P.
            width: Number of children of each.
            device: Where the rows are.
        """
        rows = torch.arange(nodes * width, device=device)
        return cls(nodes, width, True, rows // max(width, 1), rows % max(width, 1))

    def sum(self, rows: Tensor) -> Tensor:
        """The sum over the children of each node: ``(M, ...)`` -> ``(P, ...)``."""
        if self.alike:
            return rows.unflatten(0, (self.nodes, self.widest)).sum(1)
        return rows.new_zeros(self.nodes, *rows.shape[1:]).index_add(0, self.owner, rows)

    def counts(self, like: Tensor) -> Tensor:
        """The number of children of each node ``(P,)``, of the type of a tensor."""
        return self.sum(like.new_ones(len(self.owner)))

    def to_children(self, values: Tensor) -> Tensor:
        """What a node has, for each of its children: ``(P, ...)`` -> ``(M, ...)``."""
        return values.index_select(0, self.owner)

    def side_by_side(self, rows: Tensor, slots: int) -> Tensor:
        """The children of each node beside each other, zeros where there is none: ``(M, ...)`` -> ``(P, K, ...)``.

        Args:
            rows: ``(M, ...)``.
            slots: K.

        Raises:
            UserError: A node has more.
        """
        if self.widest > slots:
            raise UserError(
                f"a node has {self.widest} children, and the cell has room for {slots}",
                where="--model.backbone.cell",
                hint="--data.binarize true, or a cell for any number of children, such as ChildSumTreeLSTM",
            )
        if self.alike and self.widest == slots:
            return rows.unflatten(0, (self.nodes, slots))
        table = rows.new_zeros(self.nodes * slots, *rows.shape[1:])
        return table.index_copy(0, self.owner * slots + self.position, rows).unflatten(0, (self.nodes, slots))


class TreeCell(RNNCell):
    """The base of cells over trees.

    A chain is a tree in which every node has one child, so that every tree cell is a recurrent cell. An author writes
    `leaf` and `compose` in place of `step`, and `project` as for any cell.

    Letters in shapes: P nodes, M children of these nodes, I input, H hidden, O output, G what `project` makes of the
    input.

    Args:
        input_size: Width I of the input.
        hidden_size: Number H of hidden units.
    """

    arity: int | None = None
    """The most children that a node may have; None for any number."""

    @abstractmethod
    def leaf(self, z: Tensor) -> tuple[Tensor, State]:
        """Nodes without children.

        Args:
            z: The projected input of each node ``(P, G)``.

        Returns:
            The output ``(P, O)`` and the state.
        """

    @abstractmethod
    def compose(self, z: Tensor, children: State, family: Family) -> tuple[Tensor, State]:
        """Nodes with children, one at least.

        Args:
            z: The projected input of each node ``(P, G)``; of a node without a word, that of zeros.
            children: The states of all children, each leaf ``(M, ...)``.
            family: Whose children they are.

        Returns:
            The output ``(P, O)`` and the state.
        """

    def step(self, z: Tensor, state: State) -> tuple[Tensor, State]:
        """A node with one child."""
        hidden, *rest = state
        return self.compose(z, (self.drop_state(hidden), *rest), Family.of(len(z), 1, z.device))

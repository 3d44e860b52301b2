"""The backbone of applications over trees."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rnnbench.backbone.budget import for_budget
from rnnbench.backbone.network import CellNetwork
from rnnbench.backbone.trees.cell import Family, TreeCell
from rnnbench.backbone.trees.forest import Forest
from rnnbench.backbone.trees.lift import LiftedCell, Merge
from rnnbench.backbone.trees.tree_lstm import NaryTreeLSTM
from rnnbench.cells import RNNCell, State

_HIDDEN_SIZE = 150


class TreeBackbone(CellNetwork):
    """A cell over trees, from the leaves to the root.

    All nodes of one height, of all trees of a batch, are one step of the cell; what needs no children is one product
    for all nodes. Every output equals that of the definition node by node.

    Args:
        input_size: Width I of the input.
        cell: Makes a cell from its input size and its hidden size: one for trees, such as ``NaryTreeLSTM``, or any
            recurrent cell, which then is a `LiftedCell`.
        hidden_size: Number H of hidden units; 150 if neither it nor parameters is given.
        merge: How the states of a node's children become one where the cell is not one for trees, see `LiftedCell`.
        parameters: Takes the hidden size that brings the backbone within 1 % of so many parameters, whatever
            hidden_size says.

    Raises:
        UserError: A size is out of range, or the budget of parameters cannot be met.
    """

    def __init__(
        self,
        input_size: int,
        cell: Callable[[int, int], RNNCell] = NaryTreeLSTM,
        hidden_size: int | None = None,
        merge: Merge = "mean",
        parameters: int | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size

        def make(size: int) -> TreeCell:
            made = cell(input_size, size)
            return made if isinstance(made, TreeCell) else LiftedCell(made, merge)

        if parameters is not None:
            hidden_size = for_budget(parameters, make)
        self.cell = make(_HIDDEN_SIZE if hidden_size is None else hidden_size)

    @property
    def output_size(self) -> int:
        """Width O of the output."""
        return self.cell.output_size

    @property
    def cell_name(self) -> str:
        """Name of the cell, such as ``NaryTreeLSTM``; of a lifted one, that of the cell itself."""
        return type(self.cell.cell if isinstance(self.cell, LiftedCell) else self.cell).__name__

    def summary(self) -> str:
        """Cell and width, such as ``NaryTreeLSTM 150`` or ``GRU 150 over trees, mean``."""
        lifted = f" over trees, {self.cell.merge}" if isinstance(self.cell, LiftedCell) else ""
        return f"{self.cell_name} {self.cell.hidden_size}{lifted}"

    def flops_per_token(self) -> float:
        """Those of one step of the cell: a binary tree has as many nodes with children as it has words, less one."""
        return float(self.cell.flops_per_step())

    def forward(self, x: Tensor, forest: Forest) -> Tensor:
        """Runs the cell over trees.

        Args:
            x: Input of every node ``(N, I)``, or of the leaves alone ``(L, I)``: the other nodes have none, and zeros
                in its place. In the order of the forest, which has all leaves first.
            forest: How the nodes hang together.

        Returns:
            Outputs ``(N, O)``, in the order of the forest.
        """
        z = self.cell.project(x)
        blank = self.cell.project(x.new_zeros(1, x.shape[1])) if len(x) < sum(one.nodes for one in forest.levels) else z
        waiting: dict[int, list[State]] = {}
        outputs: list[Tensor] = []
        node = child = 0
        for height, level in enumerate(forest.levels):
            here = z[node : node + level.nodes] if node < len(z) else blank.expand(level.nodes, -1)
            if height == 0:
                output, state = self.cell.leaf(here)
            else:
                part = slice(child, child + level.children)
                handed = zip(*waiting.pop(height), strict=True)
                rows = tuple(torch.cat(leaves).index_select(0, forest.order[part]) for leaves in handed)
                family = Family(level.nodes, level.widest, level.alike, forest.owner[part], forest.position[part])
                output, state = self.cell.compose(here, rows, family)
            outputs.append(output)
            sizes = [size for _, size in level.handed]
            for (goal, _), parts in zip(
                level.handed, zip(*(leaf.split(sizes) for leaf in state), strict=True), strict=True
            ):
                waiting.setdefault(goal, []).append(parts)
            node += level.nodes
            child += level.children
        return torch.cat(outputs)

"""A cell over trees: its state comes from the states of a node's children."""

from rnnbench.backbone.trees.cell import Family, TreeCell
from rnnbench.backbone.trees.forest import Forest, Level, plan_forest
from rnnbench.backbone.trees.gumbel import GumbelTree
from rnnbench.backbone.trees.lift import LiftedCell, Merge
from rnnbench.backbone.trees.recursive import TensorTreeRNN, TreeRNN
from rnnbench.backbone.trees.stack import TreeBackbone
from rnnbench.backbone.trees.tree_lstm import ChildSumTreeLSTM, NaryTreeLSTM

__all__ = [
    "ChildSumTreeLSTM",
    "Family",
    "Forest",
    "GumbelTree",
    "Level",
    "LiftedCell",
    "Merge",
    "NaryTreeLSTM",
    "TensorTreeRNN",
    "TreeBackbone",
    "TreeCell",
    "TreeRNN",
    "plan_forest",
]

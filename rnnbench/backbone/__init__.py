"""The backbone that every application shares, and its counterpart over trees."""

from rnnbench.backbone.budget import for_budget
from rnnbench.backbone.network import CellNetwork
from rnnbench.backbone.regularize import Dropout
from rnnbench.backbone.stack import Backbone
from rnnbench.backbone.state import StackState

__all__ = ["Backbone", "CellNetwork", "Dropout", "StackState", "for_budget"]

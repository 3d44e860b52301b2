"""The backbone that every application shares."""

from rnnbench.backbone.budget import for_budget
from rnnbench.backbone.regularize import Dropout
from rnnbench.backbone.stack import Backbone
from rnnbench.backbone.state import StackState

__all__ = ["Backbone", "Dropout", "StackState", "for_budget"]

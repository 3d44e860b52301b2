"""The backbone that every application shares."""

from rnnbench.backbone.stack import Backbone
from rnnbench.backbone.state import StackState

__all__ = ["Backbone", "StackState"]

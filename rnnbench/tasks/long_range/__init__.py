"""How far a network remembers: sequences with answers at some of their steps."""

from rnnbench.tasks.long_range.baselines.guess import GuessingModel
from rnnbench.tasks.long_range.baselines.oracle import AutomatonModel
from rnnbench.tasks.long_range.data import LongRangeData
from rnnbench.tasks.long_range.models.recurrent import RecurrentModel
from rnnbench.tasks.long_range.models.window import WindowModel

__all__ = ["AutomatonModel", "GuessingModel", "LongRangeData", "RecurrentModel", "WindowModel"]

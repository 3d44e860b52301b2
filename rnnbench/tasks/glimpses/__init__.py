"""Seeing an image glimpse by glimpse: recurrent attention that chooses where to look next."""

from rnnbench.tasks.glimpses.baselines.whole_image import WholeImageReader
from rnnbench.tasks.glimpses.data import GlimpseData
from rnnbench.tasks.glimpses.looking.context import ContextNetwork
from rnnbench.tasks.glimpses.looking.glimpse import GlimpseNetwork
from rnnbench.tasks.glimpses.looking.policy import Policy
from rnnbench.tasks.glimpses.models.deep_attention import DeepRecurrentAttention
from rnnbench.tasks.glimpses.models.recurrent_attention import RecurrentAttention

__all__ = [
    "ContextNetwork",
    "DeepRecurrentAttention",
    "GlimpseData",
    "GlimpseNetwork",
    "Policy",
    "RecurrentAttention",
    "WholeImageReader",
]

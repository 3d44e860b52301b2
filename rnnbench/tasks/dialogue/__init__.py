"""Dialogue: a reply to what was said before."""

from rnnbench.nn.decoders.attention import BahdanauDecoder, GNMTDecoder, LuongDecoder
from rnnbench.nn.decoders.summary import ContextDecoder, SequenceDecoder
from rnnbench.tasks.dialogue.baselines.nearest import NearestQuestion
from rnnbench.tasks.dialogue.data import DialogueData
from rnnbench.tasks.dialogue.models.recurrent import Responder

__all__ = [
    "BahdanauDecoder",
    "ContextDecoder",
    "DialogueData",
    "GNMTDecoder",
    "LuongDecoder",
    "NearestQuestion",
    "Responder",
    "SequenceDecoder",
]

"""Translation of sentences from one language into another."""

from rnnbench.tasks.translation.attending import BahdanauDecoder, GNMTDecoder, LuongDecoder
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.plain import ContextDecoder, SequenceDecoder
from rnnbench.tasks.translation.recurrent import Translator

__all__ = [
    "BahdanauDecoder",
    "ContextDecoder",
    "GNMTDecoder",
    "LuongDecoder",
    "SequenceDecoder",
    "TranslationData",
    "Translator",
]

"""Translation of sentences from one language into another."""

from rnnbench.nn.decoders.attention import BahdanauDecoder, GNMTDecoder, LuongDecoder
from rnnbench.nn.decoders.summary import ContextDecoder, SequenceDecoder
from rnnbench.tasks.translation.baselines.word_by_word import WordByWord
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.models.recurrent import Translator

__all__ = [
    "BahdanauDecoder",
    "ContextDecoder",
    "GNMTDecoder",
    "LuongDecoder",
    "SequenceDecoder",
    "TranslationData",
    "Translator",
    "WordByWord",
]

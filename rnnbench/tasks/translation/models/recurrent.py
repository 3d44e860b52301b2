"""The recurrent translator."""

from __future__ import annotations

from rnnbench.tasks.base.pairs.recurrent import EncoderDecoder
from rnnbench.tasks.translation.data import TranslationData
from rnnbench.tasks.translation.model import TranslationModel


class Translator(EncoderDecoder[TranslationData], TranslationModel):
    """An encoder over the source sentence, and a decoder that writes the translation token by token."""

"""Translation of sentences from one language into another."""

from rnnbench.tasks.translation.data import TranslationData

__all__ = ["TranslationData"]

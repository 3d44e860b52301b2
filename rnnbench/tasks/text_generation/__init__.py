"""Text generation: language models over bytes, characters and words."""

from rnnbench.tasks.text_generation.data import TextData
from rnnbench.tasks.text_generation.feedforward import FeedForwardLanguageModel
from rnnbench.tasks.text_generation.ngram import NGramLanguageModel
from rnnbench.tasks.text_generation.recurrent import LanguageModel

__all__ = ["FeedForwardLanguageModel", "LanguageModel", "NGramLanguageModel", "TextData"]

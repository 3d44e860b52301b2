"""Text generation: language models over bytes, characters and words."""

from rnnbench.tasks.text_generation.baselines.feedforward import FeedForwardLanguageModel
from rnnbench.tasks.text_generation.baselines.mixture import Mixture
from rnnbench.tasks.text_generation.baselines.ngram import NGramLanguageModel
from rnnbench.tasks.text_generation.data import TextData
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel
from rnnbench.tasks.text_generation.samples import Code, Lines, Poems

__all__ = [
    "Code",
    "FeedForwardLanguageModel",
    "LanguageModel",
    "Lines",
    "Mixture",
    "NGramLanguageModel",
    "Poems",
    "TextData",
]

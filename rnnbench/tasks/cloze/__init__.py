"""Blanks: which token was left out, from what stands before it, after it, or both."""

from rnnbench.tasks.cloze.baselines.unigram import UnigramModel
from rnnbench.tasks.cloze.data import ClozeData
from rnnbench.tasks.cloze.models.recurrent import ClozeModel

__all__ = ["ClozeData", "ClozeModel", "UnigramModel"]

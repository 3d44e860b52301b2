"""Sequence labelling: word segmentation, parts of speech, named entities."""

from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.majority import MajorityTagger
from rnnbench.tasks.labelling.matching import MaximumMatching
from rnnbench.tasks.labelling.recurrent import Tagger

__all__ = ["MajorityTagger", "MaximumMatching", "Tagger", "TaggingData"]

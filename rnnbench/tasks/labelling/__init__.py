"""Sequence labelling: word segmentation, parts of speech, named entities."""

from rnnbench.tasks.labelling.baselines.majority import MajorityTagger
from rnnbench.tasks.labelling.baselines.matching import MaximumMatching
from rnnbench.tasks.labelling.data import TaggingData
from rnnbench.tasks.labelling.models.recurrent import Tagger

__all__ = ["MajorityTagger", "MaximumMatching", "Tagger", "TaggingData"]

"""Decoding of connectionist temporal classification: the best path, beam search over prefixes, forced alignment.

A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, Connectionist Temporal Classification: Labelling Unsegmented
Sequence Data with Recurrent Neural Networks, ICML 2006. A path has a label for every frame; its text is what is left
when repeated labels are merged and blanks are then taken out. The probability of a text is the sum over its paths.
"""

from rnnbench.decode.ctc.align import Segment, align
from rnnbench.decode.ctc.beam import BeamSearch, Hypothesis, beam_search
from rnnbench.decode.ctc.best_path import BestPath, best_path

__all__ = ["BeamSearch", "BestPath", "Hypothesis", "Segment", "align", "beam_search", "best_path"]

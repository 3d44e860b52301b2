"""Connectionist temporal classification by its definition: every path, one by one."""

import itertools
from collections import defaultdict

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


@st.composite
def log_probs(draw, most_frames=5, labels=None):
    """Distributions ``(T, V)``, some of them sharp, with ties between labels; V is 2 to 4 where it is not given."""
    shape = draw(st.tuples(st.integers(0, most_frames), st.integers(2, 4) if labels is None else st.just(labels)))
    scores = draw(arrays(np.float64, shape, elements=st.sampled_from([-9.0, -3.0, -1.0, -0.5, 0.0, 0.1, 0.7, 2.0])))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def collapse(path, blank=0):
    """The text of a path: repeats merged, then blanks taken out."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def texts(frames, blank=0):
    """The probability of every text."""
    probabilities = defaultdict(float)
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        probabilities[collapse(path, blank)] += np.exp(sum(frames[t, label] for t, label in enumerate(path)))
    return dict(probabilities)

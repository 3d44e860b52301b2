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


def plain_search(frames, beam_size, threshold=np.inf, label_threshold=np.inf, lm=None):
    """Beam search over prefixes as in the equations, over dictionaries: score of every text kept.

    Args:
        frames: Log-probabilities ``(T, V)``; 0 is the blank.
        beam_size: Number of prefixes kept.
        threshold: How far below the best a prefix is kept.
        label_threshold: How far below the best of its frame a label makes a new prefix.
        lm: What the tokens of a text add to its score.
    """
    add = np.logaddexp
    lm = lm or (lambda text: 0.0)
    beam = {(): (0.0, -np.inf)}
    for frame in frames:
        ends_blank = {text: add(*both) + frame[0] for text, both in beam.items()}
        ends_token = {text: both[1] + frame[text[-1]] for text, both in beam.items() if text}
        for text, both in beam.items():
            for label in range(1, len(frame)):
                longer = (*text, label)
                if longer in beam or frame[label] >= frame.max() - label_threshold:
                    grown = (both[0] if text[-1:] == (label,) else add(*both)) + frame[label]
                    ends_token[longer] = add(ends_token.get(longer, -np.inf), grown)
        both = {
            text: (ends_blank.get(text, -np.inf), ends_token.get(text, -np.inf)) for text in {*ends_blank, *ends_token}
        }
        ranks = {text: add(*both[text]) + lm(text) for text in both}
        possible = [text for text in ranks if ranks[text] > -np.inf]
        kept = sorted(possible, key=lambda text: -ranks[text])[:beam_size]
        beam = {text: both[text] for text in kept if ranks[text] >= ranks[kept[0]] - threshold}
    return {text: add(*both) + lm(text) for text, both in beam.items()}

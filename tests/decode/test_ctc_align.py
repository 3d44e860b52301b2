"""Forced alignment against every path."""

import itertools

import numpy as np
import pytest
from ctc_paths import collapse, log_probs
from hypothesis import assume, given
from hypothesis import strategies as st

from rnnbench.decode.ctc import align


def path_of(segments, length, blank=0):
    """The path that segments stand for."""
    path = [blank] * length
    for token, start, end, _ in segments:
        path[start:end] = [token] * (end - start)
    return path


def score(frames, path):
    return sum(frames[t, label] for t, label in enumerate(path))


@given(log_probs(most_frames=6), st.lists(st.integers(1, 3), max_size=4), st.integers(0, 1))
def test_the_best_of_all_paths(frames, text, blank):
    tokens = [token if token != blank else 0 for token in text]
    assume(max([*tokens, 0]) < frames.shape[1])
    paths = itertools.product(range(frames.shape[1]), repeat=len(frames))
    scores = [score(frames, path) for path in paths if collapse(path, blank) == tuple(tokens)]
    if not scores:
        with pytest.raises(ValueError, match=f"a text of {len(tokens)} tokens needs . frames, found {len(frames)}"):
            align(frames, tokens, blank)
        return
    segments = align(frames, tokens, blank)
    path = path_of(segments, len(frames), blank)
    assert collapse(path, blank) == tuple(tokens)
    assert score(frames, path) == pytest.approx(max(scores), abs=1e-9)
    for token, start, end, mean in segments:
        assert mean == pytest.approx(np.exp(frames[start:end, token]).mean())


def spoken(tokens, labels, seed, frames_each=3):
    """Frames in which these tokens are clearly heard, a blank after each; where each begins."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(scale=0.3, size=(len(tokens) * frames_each, labels))
    scores[:, 0] += 4
    begins = np.arange(len(tokens)) * frames_each
    scores[begins, tokens] += 12
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), begins


@pytest.mark.parametrize("window", [5, 16, 64, 1024])
def test_a_long_text_in_a_window(window):
    tokens = np.random.default_rng(1).integers(1, 20, size=600).tolist()
    frames, begins = spoken(tokens, 20, seed=2)
    segments = align(frames, tokens, window=window)
    assert [segment.token for segment in segments] == tokens
    assert [segment.start_frame for segment in segments] == begins.tolist()
    assert segments == align(frames, tokens, window=10_000)


def test_a_window_reaches_the_end_though_nothing_is_heard():
    # As many tokens as frames: the path has no choice, and the best states alone would stay at the beginning.
    frames = np.log(np.full((40, 3), [[0.998, 0.001, 0.001]]))
    tokens = [1, 2] * 20
    assert [segment.start_frame for segment in align(frames, tokens, window=6)] == list(range(40))


def test_impossible_texts():
    certain = np.log(np.array([[1.0, 1e-300], [1.0, 1e-300]]))
    certain[certain < -600] = -np.inf
    with pytest.raises(ValueError, match="no path of this text has a probability"):
        align(certain, [1])
    with pytest.raises(ValueError, match="holds a blank"):
        align(certain, [0])
    with pytest.raises(ValueError, match="window must be at least 3"):
        align(certain, [1], window=2)
    assert align(certain, []) == []
    assert align(np.empty((0, 3)), []) == []

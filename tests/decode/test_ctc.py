"""Decoders of connectionist temporal classification against their definition."""

import time
from math import inf

import numpy as np
import pytest
import torch
from ctc_paths import collapse, log_probs, plain_search, texts
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.ctc import BeamSearch, BestPath, beam_search, best_path

EXACT = {"beam_size": 10_000, "threshold": inf, "label_threshold": inf}


@given(log_probs(), st.integers(0, 1))
def test_best_path_is_the_text_of_the_best_labels(frames, blank):
    assert best_path(frames, blank) == list(collapse(frames.argmax(axis=1), blank))


@given(log_probs(), st.integers(0, 1))
def test_a_wide_beam_is_exact(frames, blank):
    expected = texts(frames, blank)
    found = beam_search(frames, **EXACT, blank=blank)
    assert {tuple(h.tokens) for h in found} == expected.keys()
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(np.log(expected[tuple(hypothesis.tokens)]), abs=1e-9)
    assert sorted(found, key=lambda h: -h.score) == found


def random_frames(seed, steps=15, labels=5, sharp=2.0):
    """No two prefixes are equal in these."""
    scores = sharp * np.random.default_rng(seed).normal(size=(steps, labels))
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


thresholds = st.sampled_from([0.5, 2.0, 5.0, inf])


@given(st.integers(0, 10**6), st.integers(1, 20), thresholds, thresholds)
def test_a_narrow_beam_keeps_what_the_equations_keep(seed, beam_size, threshold, label_threshold):
    frames = random_frames(seed)
    expected = plain_search(frames, beam_size, threshold, label_threshold)
    found = {
        tuple(h.tokens): h.score
        for h in beam_search(frames, beam_size, threshold=threshold, label_threshold=label_threshold)
    }
    assert found == pytest.approx(expected, abs=1e-9)


@given(log_probs(most_frames=12), st.integers(1, 5), st.lists(st.integers(0, 12), max_size=3))
def test_chunks_do_not_change_the_result(frames, beam_size, cuts):
    chunks = np.split(frames, sorted(min(cut, len(frames)) for cut in cuts))
    path, search = BestPath(), BeamSearch(beam_size)
    assert [token for chunk in chunks for token in path.feed(chunk)] == best_path(frames)
    for chunk in chunks:
        search.feed(chunk)
    assert search.finish() == beam_search(frames, beam_size)


@given(st.integers(0, 10**6))
def test_what_is_found_so_far(seed):
    frames = random_frames(seed)
    search = BeamSearch(4)
    for steps, frame in enumerate(frames, start=1):
        search.feed(frame[None])
        assert search.partial() == search.finish()[0].tokens == beam_search(frames[:steps], 4)[0].tokens


def test_the_beam_finds_what_the_best_path_does_not():
    # Graves 2012, section 7.5: the blank is the best label of both frames, and a the best text.
    frames = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert best_path(frames) == []
    best, second = beam_search(frames)
    assert (best.tokens, second.tokens) == ([1], [])
    assert np.exp([best.score, second.score]) == pytest.approx([0.64, 0.36])


def test_equal_texts_come_in_the_order_of_their_labels():
    frames = np.full((1, 6), np.log(1 / 6))
    assert [h.tokens for h in beam_search(frames, 3)] == [[], [1], [2]]
    assert [h.tokens for h in beam_search(frames, 6)] == [[], [1], [2], [3], [4], [5]]


def test_where_no_text_is_possible():
    frames = np.zeros((3, 2))
    frames[1] = -inf
    assert beam_search(frames) == []
    assert BeamSearch().finish()[0].tokens == []
    assert [h.tokens for h in beam_search(np.zeros((2, 1)))] == [[]]


def prefixes_in_use(search):
    """All prefixes that a search holds, but those that are final."""
    found, wanted = [], [search._root]
    while wanted:
        found.append(wanted.pop())
        wanted += found[-1].children.values()
    return found


def test_a_long_text_is_final_but_for_its_end():
    search = BeamSearch(8, horizon=20)
    frames = random_frames(1, steps=4000, labels=30, sharp=4.0)
    before = []
    for chunk in np.split(frames, 40):
        search.feed(chunk)
        so_far = search.partial()
        final = max(len(before) - 40, 0)
        assert so_far[:final] == before[:final]
        before = so_far
        prefixes = prefixes_in_use(search)
        assert len(prefixes) < 8 * 2 * 20
        assert all(prefix.kept or prefix.children for prefix in prefixes)
    found = search.finish()
    assert found == beam_search(frames, 8, horizon=20)
    assert len(found) == 8
    assert len({tuple(hypothesis.tokens[:-40]) for hypothesis in found}) == 1
    assert len(found[0].tokens) > 1000


@pytest.mark.parametrize("horizon", [1, 7])
def test_the_whole_text_is_there_beyond_the_horizon(horizon):
    tokens = np.random.default_rng(1).integers(1, 9, size=200)
    frames = np.full((600, 9), -20.0)
    frames[np.arange(600), np.stack((tokens, tokens, 0 * tokens), axis=1).ravel()] = -1e-8
    [best, *_] = beam_search(frames, horizon=horizon, threshold=inf, label_threshold=inf)
    assert best.tokens == tokens.tolist()


def test_a_short_text_does_not_meet_the_horizon():
    frames = random_frames(1, steps=60, labels=30, sharp=4.0)
    assert max(len(h.tokens) for h in beam_search(frames, 8)) < 2 * 30
    assert beam_search(frames, 8, horizon=30) == beam_search(frames, 8, horizon=10_000)


@pytest.mark.parametrize("sharp", [0.5, 2.0, 6.0])
def test_fifty_times_faster_than_real_time(sharp):
    frames = random_frames(1, steps=500, labels=40, sharp=sharp)
    start = time.process_time()
    beam_search(frames, 16)
    assert 50 * (time.process_time() - start) < 500 * 0.03, "frames of 10 ms, every third"


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda frames: best_path(frames[0]), r"must be \(frames, labels\), got shape \(4,\)"),
        (lambda frames: best_path(frames, blank=4), "blank must be an id from 0 to 3, got 4"),
        (lambda frames: beam_search(np.where(np.eye(4), np.nan, frames[:4])), "not numbers in frame 0"),
        (lambda frames: beam_search(frames, 0), "beam_size must be at least 1"),
        (lambda frames: beam_search(frames, threshold=0), "thresholds must be above 0"),
        (lambda frames: beam_search(frames, horizon=0), "horizon must be at least 1"),
    ],
)
def test_bad_input(read, message):
    with pytest.raises(ValueError, match=message):
        read(random_frames(1, labels=4))


def test_tensors_are_read():
    frames = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)).log_softmax(-1)
    assert best_path(frames) == best_path(frames.numpy())
    assert beam_search(frames) == beam_search(frames.double().numpy())

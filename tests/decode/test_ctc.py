"""Decoders of connectionist temporal classification against their definition."""

import numpy as np
import pytest
import torch
from ctc_paths import collapse, log_probs, texts
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.ctc import BeamSearch, BestPath, beam_search, best_path

EVERYTHING = 10_000


@given(log_probs(), st.integers(0, 1))
def test_best_path_is_the_text_of_the_best_labels(frames, blank):
    assert best_path(frames, blank) == list(collapse(frames.argmax(axis=1), blank))


@given(log_probs(), st.integers(0, 1))
def test_a_wide_beam_is_exact(frames, blank):
    expected = texts(frames, blank)
    found = beam_search(frames, EVERYTHING, blank=blank)
    assert {tuple(h.tokens) for h in found} == expected.keys()
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(np.log(expected[tuple(hypothesis.tokens)]), abs=1e-9)
    assert sorted(found, key=lambda h: -h.score) == found


@given(log_probs(most_frames=12), st.integers(1, 5), st.lists(st.integers(0, 12), max_size=3))
def test_chunks_do_not_change_the_result(frames, beam_size, cuts):
    chunks = np.split(frames, sorted(min(cut, len(frames)) for cut in cuts))
    path, search = BestPath(), BeamSearch(beam_size)
    assert [token for chunk in chunks for token in path.feed(chunk)] == best_path(frames)
    for chunk in chunks:
        search.feed(chunk)
    assert search.finish() == beam_search(frames, beam_size)


def test_tensors_are_read():
    frames = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)).log_softmax(-1)
    assert best_path(frames) == best_path(frames.numpy())
    assert beam_search(frames) == beam_search(frames.double().numpy())

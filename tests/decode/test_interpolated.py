"""A Kneser-Ney model and its form with back-off give the same probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.language import read_arpa, write_arpa
from rnnbench.decode.language.interpolated import with_backoff
from rnnbench.decode.language.kneser_ney import KneserNey

NAMES = ["<unk>", "<eos>", "a", "b", "c"]
streams = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)
contexts = st.lists(st.integers(2, 4), max_size=6)


def after(model, ids, context):
    state = model.start()
    for token in context:
        state = model.advance(state, NAMES[token])
    return np.exp(model.distribution(state)[ids])


@given(streams, st.integers(1, 6), contexts)
def test_sentences(stream, order, context):
    model = KneserNey.count(stream, order=order, vocabulary_size=5, boundary=1)
    backoff = with_backoff(model, NAMES)
    assert backoff.tokens == ["<unk>", "</s>", "a", "b", "c", "<s>"]
    assert backoff.order == order
    expected = model.distribution(np.array([1, *context]))
    np.testing.assert_allclose(after(backoff, slice(5), context), expected, rtol=1e-12)
    state = backoff.start()
    for token in context:
        state = backoff.advance(state, NAMES[token])
    assert backoff.end(state) == pytest.approx(np.log(expected[1]))


@given(streams, st.integers(1, 6), contexts)
def test_text_without_sentences(stream, order, context):
    model = KneserNey.count(stream, order=order, vocabulary_size=5)
    backoff = with_backoff(model, NAMES)
    np.testing.assert_allclose(
        after(backoff, slice(5), context), model.distribution(np.array(context, dtype=np.int64)), rtol=1e-12
    )


def test_in_a_file(tmp_path):
    stream = np.random.default_rng(1).integers(0, 5, size=400)
    backoff = with_backoff(KneserNey.count(stream, order=4, vocabulary_size=5, boundary=1), NAMES)
    write_arpa(backoff, tmp_path / "model.arpa")
    read = read_arpa(tmp_path / "model.arpa")
    for context in ([], [2], [2, 3], [3, 3, 4], [4, 2, 2, 3]):
        np.testing.assert_allclose(after(read, slice(5), context), after(backoff, slice(5), context), rtol=1e-7)

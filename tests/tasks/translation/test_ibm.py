"""IBM models 1 and 2: against all alignments one by one, and against NLTK 3.10."""

import itertools

import numpy as np
import pytest

from rnnbench.tasks.translation.baselines.ibm import train

PAIRS = [
    ("klein ist das haus", "the house is small"),
    ("das haus ist ja groß", "the house is big"),
    ("das buch ist ja klein", "the book is small"),
    ("das haus", "the house"),
    ("das buch", "the book"),
    ("ein buch", "a book"),
]
F = ["", *sorted({word for f, _ in PAIRS for word in f.split()})]  # the empty word first
E = sorted({word for _, e in PAIRS for word in e.split()})
SOURCES = [np.array([0, *map(F.index, f.split())]) for f, _ in PAIRS]
TARGETS = [np.array([E.index(word) for word in e.split()]) for _, e in PAIRS]


def t(model, f, e):
    return model.words.of(np.array(F.index(f)), np.array(E.index(e))).item()


def test_model_1_is_that_of_nltk():
    """``IBMModel1([AlignedSent(e, f), ...], 5).translation_table[e][f]``."""
    model = train(SOURCES, TARGETS, len(E), 5)
    assert t(model, "haus", "house") == pytest.approx(0.7425095764570461, rel=1e-12)
    assert t(model, "buch", "book") == pytest.approx(0.9273398911539635, rel=1e-12)
    assert t(model, "das", "the") == pytest.approx(0.6897707697680495, rel=1e-12)
    assert t(model, "buch", "the") == pytest.approx(0.05101191927931396, rel=1e-12)
    assert t(model, "", "the") == pytest.approx(0.5982215100312254, rel=1e-12)
    assert t(model, "ein", "small") == 0


def test_model_2_is_that_of_nltk():
    """``IBMModel2([AlignedSent(e, f), ...], 3)``, which begins with six rounds of model 1."""
    model = train(SOURCES, TARGETS, len(E), 6, 3)
    assert t(model, "haus", "house") == pytest.approx(0.9999249237778572, rel=1e-11)
    assert t(model, "buch", "book") == pytest.approx(0.9999984091030824, rel=1e-11)
    assert t(model, "das", "the") == pytest.approx(0.9997297190670179, rel=1e-11)
    assert t(model, "", "the") == pytest.approx(0.9977441527143814, rel=1e-11)
    # alignment_table[i][j][2][2] for i = 0, 1, 2 and j = 1.
    expected = [0.12044857544926409, 0.8795432263569615, 8.198193774341662e-06]
    assert model.place((2, 3))[0] == pytest.approx(expected, rel=1e-9)
    # alignment_table[4][2][4][4] and [1][4][4][4].
    assert model.place((4, 5))[1, 4] == pytest.approx(0.9987471294730027, rel=1e-11)
    assert model.place((4, 5))[3, 1] == pytest.approx(0.9953955879505683, rel=1e-11)


@pytest.mark.parametrize("rounds_of_places", [0, 4])
def test_the_likelihood_never_falls_and_tables_are_distributions(rounds_of_places):
    rng = np.random.default_rng(0)
    sources = [np.append(rng.integers(0, 6, rng.integers(1, 5)), 6) for _ in range(30)]
    targets = [rng.integers(0, 7, rng.integers(1, 5)) for _ in range(30)]
    model = train(sources, targets, 7, 4, rounds_of_places)
    assert (np.diff(model.likelihoods) >= -1e-9).all()
    assert np.bincount(model.words.keys // 7, weights=model.words.values) == pytest.approx(1)
    for place in model.places.values():
        assert place.sum(1) == pytest.approx(1)


@pytest.mark.parametrize("rounds_of_places", [0, 2])
def test_a_round_counts_all_alignments(rounds_of_places):
    model = train(SOURCES, TARGETS, len(E), 2, rounds_of_places)
    after = train(SOURCES, TARGETS, len(E), 2 + (not rounds_of_places), rounds_of_places and rounds_of_places + 1)
    counts, nats = np.zeros((len(F), len(E))), 0.0
    for source, target in zip(SOURCES, TARGETS, strict=True):
        place = model.place((len(target), len(source)))
        weights = {}
        for alignment in itertools.product(range(len(source)), repeat=len(target)):
            each = [place[j, i] * model.words.of(source[i], target[j]).item() for j, i in enumerate(alignment)]
            weights[alignment] = np.prod(each)
        total = sum(weights.values())
        nats += np.log(total)
        likely, posterior = model.links(source, target)
        assert likely.prod() == pytest.approx(total)
        by_hand = np.zeros_like(posterior)
        for alignment, weight in weights.items():
            for j, i in enumerate(alignment):
                counts[source[i], target[j]] += weight / total
                by_hand[j, i] += weight / total
        assert posterior == pytest.approx(by_hand)
    expected = counts / counts.sum(1, keepdims=True)
    found = after.words.of(np.arange(len(F))[:, None], np.arange(len(E))[None])
    assert found == pytest.approx(expected)
    assert after.likelihoods[-1] == pytest.approx(nats)


def test_lengths_that_training_has_not_are_uniform_and_some_words_come_from_nowhere():
    model = train(SOURCES, TARGETS, len(E), 1, 1)
    assert model.place((9, 4)) == pytest.approx(0.25)
    total, posterior = model.links(np.array([F.index("ein")]), np.array([E.index("small")]))
    assert total.tolist() == [0]
    assert posterior.tolist() == [[0]]

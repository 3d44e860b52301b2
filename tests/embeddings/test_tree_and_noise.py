"""The Huffman tree, the noise, and random numbers by place."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.embeddings.draws import PER_PLACE, Draws, below, threshold, upper
from rnnbench.embeddings.huffman import huffman_codes
from rnnbench.embeddings.noise import Noise

COUNTS = st.lists(st.integers(1, 1000), min_size=2, max_size=40)


def code_lengths(counts):
    return np.diff(huffman_codes(counts).offsets).tolist()


@given(COUNTS)
def test_codes_are_those_of_the_leaves_of_a_full_tree(counts):
    codes = [huffman_codes(counts).of(word) for word in range(len(counts))]
    assert not any(b.startswith(a) for a, b in itertools.permutations(codes, 2)), "no code begins another"
    assert sum(2.0 ** -len(code) for code in codes) == 1, "no branch is wasted"


@given(COUNTS)
def test_nodes_are_where_the_bits_lead(counts):
    found = huffman_codes(counts)
    by_prefix = {}
    for word in range(len(counts)):
        part = slice(found.offsets[word], found.offsets[word + 1])
        for step, node in enumerate(found.nodes[part].tolist()):
            assert by_prefix.setdefault(found.of(word)[:step], node) == node
    assert sorted(by_prefix.values()) == list(range(len(counts) - 1))
    assert by_prefix[""] == len(counts) - 2, "the root"


def shortest_text(counts):
    """The fewest bits for a text with such counts, by trying all full trees: the lengths of their leaves."""

    def all_lengths(leaves):
        if leaves == 1:
            yield (0,)
            return
        for left in range(1, leaves // 2 + 1):
            for one, other in itertools.product(all_lengths(left), all_lengths(leaves - left)):
                yield tuple(length + 1 for length in one + other)

    ordered = sorted(counts)
    return min(
        sum(a * b for a, b in zip(ordered, sorted(lengths, reverse=True), strict=True))
        for lengths in set(all_lengths(len(counts)))
    )


@given(st.lists(st.integers(1, 50), min_size=2, max_size=7))
def test_no_tree_is_shorter(counts):
    bits = sum(count * length for count, length in zip(counts, code_lengths(counts), strict=True))
    assert bits == shortest_text(counts)


@given(COUNTS)
def test_what_never_occurs_has_no_code(counts):
    found = huffman_codes([0, *counts, 0, 0])
    assert [found.of(word) for word in range(1, len(counts) + 1)] == [
        huffman_codes(counts).of(word) for word in range(len(counts))
    ]
    assert found.of(0) == found.of(len(counts) + 1) == found.of(len(counts) + 2) == ""


def test_the_tree_is_that_of_gensim():
    word2vec = pytest.importorskip("gensim.models.word2vec")
    drawn = np.random.default_rng(3).zipf(1.3, 500).clip(max=10**6)
    model = word2vec.Word2Vec(hs=1, negative=0, min_count=1)
    model.build_vocab_from_freq({f"w{number}": int(count) for number, count in enumerate(drawn)})
    words = model.wv.index_to_key
    found = huffman_codes([model.wv.get_vecattr(word, "count") for word in words])
    for number, word in enumerate(words):
        part = slice(found.offsets[number], found.offsets[number + 1])
        assert found.nodes[part].tolist() == model.wv.get_vecattr(word, "point").tolist()
        assert found.bits[part].tolist() == model.wv.get_vecattr(word, "code").tolist()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any), st.sampled_from([0.0, 0.75, 1.0]))
def test_noise_is_drawn_by_a_power_of_counts(counts, power):
    weights = np.asarray(counts, dtype=float) ** power
    np.testing.assert_allclose(Noise.of(counts, power).probabilities(), weights / weights.sum(), atol=1e-9)


def test_what_is_drawn_has_these_shares():
    noise = Noise.of([50, 0, 30, 20], 1.0)
    drawn = noise.words(Draws.of(1, 0)(np.arange(200_000), 5))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / len(drawn), [0.5, 0, 0.3, 0.2], atol=0.005)


def test_numbers_hang_on_seed_epoch_place_and_which_alone():
    places = np.arange(1000, 1010)
    numbers = Draws.of(3, 2)(places, 7)
    assert (Draws.of(3, 2)(places[4:6], 7) == numbers[4:6]).all()
    others = [
        Draws.of(4, 2)(places, 7),
        Draws.of(3, 3)(places, 7),
        Draws.of(3, 2)(places, 8),
        Draws.of(3, 2)(places + 1, 7),
    ]
    assert all((numbers != other).all() for other in others)
    every = np.concatenate([Draws.of(3, 2)(places, which) for which in range(PER_PLACE)])
    assert len(set(every.tolist())) == len(every)


def test_a_threshold_keeps_what_it_says():
    numbers = Draws.of(1, 1)(np.arange(100_000), 0)
    for probability in (0.0, 0.25, 1.0):
        kept = (upper(numbers) <= threshold(np.array([probability]))[0]).mean()
        assert kept == pytest.approx(probability, abs=0.006)
    assert (np.bincount(below(numbers, 7), minlength=7) > 13_500).all()

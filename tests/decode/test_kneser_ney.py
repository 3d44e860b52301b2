from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.language.kneser_ney import KneserNey

START = "<s>"  # in the definition below the start symbol is no token id


class Definition:
    """The equations over dictionaries: sentences, tuples, sets of left neighbours, one probability at a time."""

    def __init__(self, tokens: list[int], order: int, vocabulary_size: int, boundary: int | None) -> None:
        self.order, self.vocabulary_size, self.boundary = order, vocabulary_size, boundary
        raw: dict[tuple, int] = defaultdict(int)
        left: dict[tuple, set] = defaultdict(set)
        for history, token in self.events(tokens):
            for length in range(min(order - 1, len(history)) + 1):
                ngram = (*history[len(history) - length :], token)
                raw[ngram] += 1
                left[ngram].add(history[-length - 1] if length < len(history) else "the beginning of the text")
        self.counts: dict[int, dict[tuple, int]] = {k: {} for k in range(1, order + 1)}
        for ngram, number in raw.items():
            keeps_raw_count = len(ngram) == order or ngram[0] == START
            self.counts[len(ngram)][ngram] = number if keeps_raw_count else len(left[ngram])
        self.discounts = {k: self.three_discounts(list(counts.values())) for k, counts in self.counts.items()}

    def events(self, tokens: list[int], context: list[int] | None = None) -> list[tuple[list, int]]:
        """Every token after the context, with all that a context may hold before it."""
        history: list = [] if self.boundary is None else [START]
        events = []
        for token in [*(context or []), *tokens]:
            events.append((list(history), token))
            history = [START] if token == self.boundary else [*history, token]
        return events[len(context or []) :]

    @staticmethod
    def three_discounts(counts: list[int]) -> list[float]:
        n = {i: counts.count(i) for i in (1, 2, 3, 4)}
        y = n[1] / (n[1] + 2 * n[2]) if n[1] > 0 and n[2] > 0 else 0.5
        if all(n.values()):
            modified = [i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)]
            if all(d > 0 for d in modified):
                return modified
        return [y] * 3

    def probability(self, token: int, history: list, k: int | None = None) -> float:
        if k is None:
            k = min(self.order, len(history) + 1)
        if k == 0:
            return 1 / self.vocabulary_size
        lower = self.probability(token, history, k - 1)
        context = tuple(history[len(history) - (k - 1) :])
        after = {ngram[-1]: count for ngram, count in self.counts[k].items() if ngram[:-1] == context}
        if not after:
            return lower
        total = sum(after.values())
        discount = {w: self.discounts[k][min(count, 3) - 1] for w, count in after.items()}
        own = after[token] - discount[token] if token in after else 0.0
        return own / total + sum(discount.values()) / total * lower


def random_stream(seed: int, length: int, vocabulary_size: int) -> np.ndarray:
    """Uneven frequencies, so that counts of 1, 2, 3 and 4 and unseen tokens all occur."""
    generator = np.random.default_rng(seed)
    weights = 1 / np.arange(1, vocabulary_size + 1) ** generator.uniform(0.3, 2)
    return generator.choice(vocabulary_size, size=length, p=weights / weights.sum())


@st.composite
def cases(draw: st.DrawFn, max_order: int = 4) -> tuple[np.ndarray, np.ndarray, dict]:
    """A stream to count, a stream to score, and the settings of the model."""
    size = draw(st.integers(1, 9))
    boundary = draw(st.none() | st.integers(0, size - 1))
    short = st.lists(st.integers(0, size - 1), min_size=1, max_size=8).map(np.array)
    drawn = st.builds(random_stream, st.integers(0, 10_000), st.integers(1, 120), st.just(size))
    settings = {"order": draw(st.integers(0, max_order)), "vocabulary_size": size, "boundary": boundary}
    return draw(short | drawn), draw(short), settings


@given(cases())
def test_equals_the_definition(case: tuple[np.ndarray, np.ndarray, dict]) -> None:
    counted, scored, options = case
    model, definition = KneserNey.count(counted, **options), Definition(counted.tolist(), **options)
    expected = [definition.probability(token, history) for history, token in definition.events(scored.tolist())]
    np.testing.assert_allclose(np.exp(model.log_probabilities(scored)), expected, rtol=1e-12)
    assert model.num_ngrams == sum(len(counts) for counts in definition.counts.values())


@pytest.mark.parametrize("boundary", [None, 0])
def test_equals_the_definition_with_three_discounts_at_every_order(boundary: int | None) -> None:
    # Frequent tokens mixed with a long tail of rare ones: every order has counts of 1, 2, 3 and 4.
    stream = np.where(np.arange(1500) % 3, random_stream(5, 1500, 40), random_stream(6, 1500, 250))
    options = {"order": 3, "vocabulary_size": 300, "boundary": boundary}
    model, definition = KneserNey.count(stream, **options), Definition(stream.tolist(), **options)
    assert all(len(set(discounts)) == 3 for discounts in model.discounts)
    np.testing.assert_allclose(model.discounts, list(definition.discounts.values()), rtol=1e-12)
    scored = random_stream(7, 100, 300)
    expected = [definition.probability(token, history) for history, token in definition.events(scored.tolist())]
    np.testing.assert_allclose(np.exp(model.log_probabilities(scored)), expected, rtol=1e-12)


@given(cases(max_order=7))
def test_the_distribution_sums_to_one_and_agrees_with_scoring_bit_for_bit(case: tuple) -> None:
    counted, context, options = case
    model = KneserNey.count(counted, **options)
    probabilities = model.distribution(context)
    assert probabilities.shape == (options["vocabulary_size"],)
    assert abs(probabilities.sum() - 1) < 1e-12
    assert (probabilities > 0).all()
    for token, probability in enumerate(probabilities):
        assert model.log_probabilities(np.array([token]), context)[0] == np.log(probability)


@given(cases(max_order=7), st.integers(0, 120))
def test_scoring_in_chunks_equals_one_call_bit_for_bit(case: tuple, cut: int) -> None:
    counted, scored, options = case
    stream = np.concatenate((scored, counted))
    model = KneserNey.count(counted, **options)
    # The whole past and its last order - 1 tokens are the same context.
    for context in (stream[:cut], stream[:cut][-max(options["order"] - 1, 1) :]):
        parts = (model.log_probabilities(stream[:cut]), model.log_probabilities(stream[cut:], context))
        np.testing.assert_array_equal(np.concatenate(parts), model.log_probabilities(stream))


@given(cases(max_order=7))
def test_the_state_gives_the_same_model(case: tuple) -> None:
    counted, scored, options = case
    model = KneserNey.count(counted, **options)
    state = model.state()
    assert all(value is None or isinstance(value, int | np.ndarray) for value in state.values())
    again = KneserNey.from_state(state)
    assert again.num_ngrams == model.num_ngrams
    assert again.state().keys() == state.keys()
    np.testing.assert_array_equal(again.log_probabilities(scored), model.log_probabilities(scored))


def test_a_context_stops_at_the_boundary() -> None:
    end, a, b, c = range(4)
    model = KneserNey.count(np.array([a, b, end, a, c, end, c, b, end]), order=4, vocabulary_size=4, boundary=end)
    np.testing.assert_array_equal(model.distribution(np.array([b, c, end])), model.distribution(np.array([end])))
    np.testing.assert_array_equal(model.distribution(np.array([c, end, a])), model.distribution(np.array([end, a])))
    # No context at all, or a short one, is the beginning of a sentence.
    np.testing.assert_array_equal(model.distribution(), model.distribution(np.array([end])))
    np.testing.assert_array_equal(model.distribution(np.array([a])), model.distribution(np.array([end, a])))


def test_one_sentence_by_hand() -> None:
    # <s> a </s>: the bigrams (<s> a) and (a </s>) once each, so D = 1/2 and p(a | <s>) = 1/2 + 1/2 p(a); the unigrams
    # a and </s> have one left neighbour each, so p(a) = (1 - 1/2) / 2 + 1/2 * 1/4.
    model = KneserNey.count(np.array([1, 0]), order=2, vocabulary_size=4, boundary=0)
    assert model.num_ngrams == 4
    assert model.discounts == [(0.5, 0.5, 0.5)] * 2
    np.testing.assert_allclose(model.distribution(), [0.1875, 0.6875, 0.0625, 0.0625])


def test_order_zero_is_uniform_and_unseen_tokens_are_possible() -> None:
    stream = np.array([0, 1, 0])
    np.testing.assert_array_equal(KneserNey.count(stream, order=0, vocabulary_size=4).distribution(), [0.25] * 4)
    for order in range(1, 5):
        model = KneserNey.count(stream, order=order, vocabulary_size=4)
        assert np.isfinite(model.log_probabilities(np.array([3, 2, 2, 0]))).all()


@pytest.mark.parametrize("boundary", [None, 1])
def test_an_order_higher_than_the_stream_is_long(boundary: int | None) -> None:
    stream = np.array([0, 2], dtype=np.uint8)
    model = KneserNey.count(stream, order=9, vocabulary_size=3, boundary=boundary)
    definition = Definition([0, 2], 9, 3, boundary)
    expected = [definition.probability(token, history) for history, token in definition.events([0, 2, 0, 2])]
    np.testing.assert_allclose(np.exp(model.log_probabilities(np.array([0, 2, 0, 2]))), expected, rtol=1e-12)
    again = KneserNey.from_state(model.state())
    np.testing.assert_array_equal(again.distribution(stream), model.distribution(stream))


def test_nothing_to_score_gives_nothing() -> None:
    model = KneserNey.count(np.array([0, 1]), order=3, vocabulary_size=2, boundary=0)
    assert model.log_probabilities(np.empty(0, dtype=np.int64)).shape == (0,)


@pytest.mark.parametrize(
    ("tokens", "options", "named"),
    [
        (np.empty(0, dtype=np.int64), {}, "tokens is empty"),
        (np.array([0, 3]), {}, "tokens .* 0 to 2, got 0 to 3"),
        (np.array([-1, 2]), {}, "tokens .* got -1 to 2"),
        (np.array([0.0, 1.0]), {}, "tokens .* float64"),
        (np.array([[0, 1]]), {}, r"tokens .* \(1, 2\)"),
        (np.array([0]), {"order": -1}, "order"),
        (np.array([0]), {"vocabulary_size": 0}, "vocabulary_size"),
        (np.array([0]), {"boundary": 3}, "boundary"),
    ],
)
def test_refuses_wrong_input(tokens: np.ndarray, options: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        KneserNey.count(tokens, **({"order": 2, "vocabulary_size": 3} | options))


def test_scoring_refuses_ids_outside_the_vocabulary() -> None:
    model = KneserNey.count(np.array([0, 1]), order=2, vocabulary_size=2)
    with pytest.raises(ValueError, match="tokens"):
        model.log_probabilities(np.array([2]))
    with pytest.raises(ValueError, match="context"):
        model.log_probabilities(np.array([0]), np.array([2]))
    with pytest.raises(ValueError, match="context"):
        model.distribution(np.array([-1]))


@pytest.mark.data
@pytest.mark.parametrize(("order", "valid", "test"), [(2, 199.02, 185.70), (3, 157.77, 148.28), (5, 148.01, 141.19)])
def test_penn_treebank(order: int, valid: float, test: float) -> None:
    if "RNNBENCH_TEST_DATA" not in os.environ:
        pytest.skip("RNNBENCH_TEST_DATA names no folder of data sets")
    folder = Path(os.environ["RNNBENCH_TEST_DATA"], "ptb")
    if not folder.is_dir():
        pytest.skip(f"no Penn Treebank in {folder}")
    splits = {}
    for split in ("train", "valid", "test"):
        lines = (folder / f"ptb.{split}.txt").read_text(encoding="utf-8").splitlines()
        splits[split] = [word for line in lines for word in (*line.split(), "<eos>")]
    ids = {word: number for number, word in enumerate(dict.fromkeys(splits["train"]))}
    streams = {split: np.array([ids[word] for word in words]) for split, words in splits.items()}
    assert (len(ids), len(streams["test"])) == (10_000, 82_430)
    model = KneserNey.count(streams["train"], order=order, vocabulary_size=len(ids), boundary=ids["<eos>"])
    for split, expected in (("valid", valid), ("test", test)):
        perplexity = np.exp(-model.log_probabilities(streams[split]).mean())
        assert round(float(perplexity), 2) == expected

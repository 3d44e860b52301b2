"""The batched beam search against brute force, and against a plain one for a single sentence."""

import itertools
import math
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rnnbench.decode.beam import Beam, beam_search
from rnnbench.decode.sample import Sampling, sample_sequences
from rnnbench.errors import UserError

BEGIN, END, POSITIONS = 0, 1, 16


class State(NamedTuple):
    sentence: Tensor
    position: Tensor
    last: Tensor
    attention: Tensor | None

    def select(self, rows):
        return State(*(None if part is None else part[rows] for part in self))


class Model:
    """Scores of a token by the sentence, the position and the two tokens before it; attends by the same.

    Without the position some sequences would have the same parts in another order, and rounding would rank them.
    """

    def __init__(self, sentences, vocabulary, seed, places=None, dtype=torch.float64):
        random = torch.Generator().manual_seed(seed)
        shape = (sentences, POSITIONS, vocabulary, vocabulary)
        self.table = (3 * torch.randn(*shape, vocabulary, generator=random, dtype=dtype)).log_softmax(-1)
        self.looks = None
        if places is not None:
            self.looks = (3 * torch.randn(*shape, max(places), generator=random, dtype=dtype)).softmax(-1)
            for sentence, size in enumerate(places):
                self.looks[sentence, ..., size:] = 0
            self.places = torch.tensor(places)
        self.steps = self.rows = 0

    def start(self, sentences):
        sentences = torch.tensor(sentences)
        return State(sentences, torch.zeros_like(sentences), torch.full_like(sentences, BEGIN), None)

    def step(self, tokens, state):
        self.steps += 1
        self.rows += len(tokens)
        where = (state.sentence, state.position % POSITIONS, state.last, tokens)
        attention = None if self.looks is None else self.looks[where]
        return self.table[where], State(state.sentence, state.position + 1, tokens, attention)

    def search(self, sentences, limits, beam, **options):
        lengths = None if self.looks is None else self.places[sentences]
        state = self.start(sentences)
        return beam_search(self.step, state, BEGIN, END, torch.tensor(limits), beam, lengths, **options)

    def rescore(self, sentence, tokens):
        """Sum of the log-probabilities of tokens and end, and the weights of the attention at each."""
        before, last, total, looks = BEGIN, BEGIN, 0.0, []
        for position, token in enumerate((*tokens, END)):
            total += float(self.table[sentence, position, before, last, token])
            if self.looks is not None:
                looks.append(self.looks[sentence, position, before, last])
            before, last = last, token
        return total, torch.stack(looks) if looks else None

    def score(self, sentence, tokens, beam):
        """Log-probability, and the score by the formulas of GNMT."""
        total, looks = self.rescore(sentence, tokens)
        score = total / ((5 + len(tokens) + 1) / 6) ** beam.length_penalty
        if beam.coverage_penalty:
            covered = looks.sum(0)[: int(self.places[sentence])]
            score += beam.coverage_penalty * sum(math.log(min(float(one), 1)) for one in covered)
        return total, score


def every_hypothesis(model, sentence, limit, beam):
    """All sequences within the limit with their scores, best first."""
    others = [token for token in range(model.table.shape[-1]) if token != END]
    found = []
    for length in range(limit + 1):
        for tokens in itertools.product(others, repeat=length):
            total, score = model.score(sentence, tokens, beam)
            found.append((list(tokens), total, score))
    return sorted(found, key=lambda one: -one[2])


def plain_search(model, sentence, limit, beam):
    """One sentence, one hypothesis after the other, in lists."""
    live, found = [()], []
    for length in range(1, limit + 2):
        candidates = []
        for tokens in live:
            total = model.rescore(sentence, tokens)[0]
            # Without the end that `rescore` adds.
            before, last = ((BEGIN, BEGIN, *tokens))[-2:]
            scores = model.table[sentence, length - 1, before, last]
            total -= float(scores[END])
            for token in range(model.table.shape[-1]) if length <= limit else [END]:
                candidates.append((total + float(scores[token]), tokens, token))
        best = sorted(candidates, key=lambda one: -one[0])[: beam.size - len(found)]
        found += [list(tokens) for _, tokens, token in best if token == END]
        scores = sorted((model.score(sentence, tokens, beam)[1] for tokens in found), reverse=True)
        longest = ((5 + limit + 1) / 6) ** beam.length_penalty
        worst = scores[beam.nbest - 1] if len(scores) >= beam.nbest else -math.inf
        live = [(*tokens, token) for total, tokens, token in best if token != END and total / longest > worst]
        if len(found) == beam.size:
            break
    return sorted(((tokens, *model.score(sentence, tokens, beam)) for tokens in found), key=lambda one: -one[2])


def same(found, expected):
    assert [one.tokens for one in found] == [tokens for tokens, _, _ in expected]
    assert [one.log_probability for one in found] == pytest.approx([total for _, total, _ in expected], rel=1e-12)
    assert [one.score for one in found] == pytest.approx([score for _, _, score in expected], rel=1e-12)


PENALTIES = st.sampled_from([(0.0, 0.0), (0.6, 0.0), (0.0, 0.3), (1.0, 0.2)])


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(0, 3), PENALTIES, st.integers(1, 6))
def test_wide_enough_it_equals_brute_force(seed, vocabulary, limit, penalties, nbest):
    model = Model(1, vocabulary, seed, [3])
    places = sum((vocabulary - 1) ** length for length in range(limit + 2))
    beam = Beam(max(places, nbest), *penalties, nbest)
    expected = every_hypothesis(model, 0, limit, beam)
    same(model.search([0], [limit], beam)[0], expected[:nbest])


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.integers(2, 7),
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.integers(1, 5),
    PENALTIES,
    st.data(),
)
def test_batched_it_equals_the_plain_search(seed, vocabulary, limits, size, penalties, data):
    model = Model(len(limits), vocabulary, seed, [3, 1, 4, 2, 4][: len(limits)])
    beam = Beam(size, *penalties, data.draw(st.integers(1, size)))
    found = model.search(list(range(len(limits))), limits, beam)
    for sentence, limit in enumerate(limits):
        same(found[sentence], plain_search(model, sentence, limit, beam)[: beam.nbest])


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 12), min_size=2, max_size=6), st.integers(1, 4), st.randoms())
def test_a_sentence_does_not_know_its_batch(seed, limits, size, random):
    places = [2 + i for i in range(len(limits))]
    model = Model(len(limits), 6, seed, places)
    beam = Beam(size, 0.8, 0.1, size)
    order = list(range(len(limits)))
    random.shuffle(order)
    together = model.search(order, [limits[i] for i in order], beam)
    for sentence, found in zip(order, together, strict=True):
        assert model.search([sentence], [limits[sentence]], beam)[0] == found


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 8))
def test_size_one_is_greedy(seed, limit):
    model = Model(1, 5, seed)
    tokens, before, last = [], BEGIN, BEGIN
    while len(tokens) < limit:
        best = int(model.table[0, len(tokens), before, last].argmax())
        if best == END:
            break
        tokens.append(best)
        before, last = last, best
    (found,) = model.search([0], [limit], Beam(1))[0]
    assert found.tokens == tokens
    assert found.log_probability == pytest.approx(model.rescore(0, tokens)[0])


def test_attention_is_that_of_the_hypothesis():
    model = Model(3, 5, 7, [4, 2, 3])
    found = model.search([0, 1, 2], [6, 6, 6], Beam(3, nbest=3), keep_attention=True)
    for sentence, hypotheses in enumerate(found):
        for one in hypotheses:
            assert torch.equal(one.attention, model.rescore(sentence, one.tokens)[1])


def test_finished_hypotheses_leave():
    """Sentences end one after the other, and rows are computed for those alone that go on."""
    model = Model(4, 5, 3)
    model.table.fill_(-9.0)
    model.table[..., 2:] = math.log(1 / 3)
    limits = [1, 2, 4, 30]
    model.search([0, 1, 2, 3], limits, Beam(2))
    assert model.steps == max(limits) + 1
    assert model.rows == 4 + sum(2 * limit for limit in limits)


def test_a_search_ends_when_nothing_can_win():
    model = Model(1, 4, 3)
    model.table.fill_(math.log(0.1 / 3))
    model.table[..., END] = math.log(0.9)
    assert [one.tokens for one in model.search([0], [1000], Beam(4))[0]] == [[]]
    assert model.steps == 1
    assert len(model.search([0], [1000], Beam(4, nbest=4))[0]) == 4
    assert model.steps < 10


def test_impossible_tokens_are_never_taken():
    model = Model(1, 4, 3)
    model.table[..., [BEGIN, 2]] = -math.inf
    for one in model.search([0], [3], Beam(8, nbest=8))[0]:
        assert set(one.tokens) <= {3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "must be at least 1, found 0"),
        ({"length_penalty": -1.0}, "must be 0 or more"),
        ({"nbest": 6}, r"must be in 1..5, the size of the beam, found 6"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(UserError, match=message):
        Beam(**options).check()


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_drawn_sequences_do_not_know_their_batch(seed, limits):
    model = Model(len(limits), 6, seed)
    numbers = [10 * i for i in range(len(limits))]
    sampling = Sampling(temperature=1.3, seed=seed)

    def draw(rows):
        state, most = model.start(rows), torch.tensor([limits[i] for i in rows])
        return sample_sequences(model.step, state, BEGIN, END, most, [numbers[i] for i in rows], sampling)

    together = draw(list(range(len(limits))))
    for i, found in enumerate(together):
        assert draw([i]) == [found]
        assert len(found.tokens) <= limits[i]
        assert END not in found.tokens
        assert found.log_probability == pytest.approx(model.rescore(i, found.tokens)[0])


def test_drawn_sequences_are_distributed_as_the_model_says():
    model = Model(1, 4, 5)
    many = 4000
    found = sample_sequences(
        model.step, model.start([0] * many), BEGIN, END, torch.full((many,), 1), range(many), Sampling()
    )
    for tokens, total, _ in every_hypothesis(model, 0, 1, Beam()):
        # What has reached the limit has to end.
        probability = math.exp(total) if not tokens else float(model.table[0, 0, BEGIN, BEGIN, tokens[0]].exp())
        share = sum(one.tokens == tokens for one in found) / many
        assert share == pytest.approx(probability, abs=4 * math.sqrt(probability / many))


def test_temperature_zero_is_greedy():
    model = Model(3, 5, 9)
    limits = [7, 7, 7]
    greedy = [found[0] for found in model.search([0, 1, 2], limits, Beam(1))]
    state = model.start([0, 1, 2])
    drawn = sample_sequences(model.step, state, BEGIN, END, torch.tensor(limits), [0, 1, 2], Sampling(temperature=0))
    assert [one.tokens for one in drawn] == [one.tokens for one in greedy]

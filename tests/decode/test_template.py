"""Sampling under a template, against all sequences one by one."""

import itertools
from collections import Counter

import pytest
import torch

from rnnbench.decode.sample import Sampling, sample
from rnnbench.decode.template import read_template
from rnnbench.errors import UserError

TOKENS = ["<eos>", "a", "b", "，", "3", "<unk>"]


def step(token, state):
    """A model whose scores depend on all that was read."""
    state = state * 7 + token + 1
    return torch.sin(state[:, None] * torch.arange(1.0, len(TOKENS) + 1)), state


def likely(sequence, allowed):
    """Probability of a sequence, each token drawn among those that may stand there."""
    scores, state = step(torch.tensor([0]), torch.zeros(1))
    probability = 1.0
    for token, ids in zip(sequence, allowed, strict=True):
        among = scores[0, ids].double().softmax(0)
        probability *= float(among[ids.tolist().index(token)])
        scores, state = step(torch.tensor([token]), state)
    return probability


def test_places_are_letters_or_what_stands_there():
    allowed = read_template(["?", "，", "b"], TOKENS, "--template")
    assert [ids.tolist() for ids in allowed] == [[1, 2, 4], [3], [2]]


def test_what_is_drawn_is_what_all_sequences_say():
    allowed = read_template(["?", "，", "?", "b"], TOKENS, "--template")
    expected = {one: likely(one, allowed) for one in itertools.product(*(ids.tolist() for ids in allowed))}
    assert sum(expected.values()) == pytest.approx(1)
    size = 3000
    found = Counter(
        tuple(sample(step, torch.tensor([0]), torch.zeros(1), Sampling(seed=seed, length=1), allowed))
        for seed in range(size)
    )
    assert set(found) <= set(expected)
    for one, probability in expected.items():
        assert abs(found[one] / size - probability) < 4 * (probability * (1 - probability) / size) ** 0.5 + 1 / size


def test_the_best_token_among_those_allowed():
    allowed = read_template(["?"] * 3, TOKENS, "--template")
    sequence = list(sample(step, torch.tensor([0]), torch.zeros(1), Sampling(temperature=0), allowed))
    scores, state = step(torch.tensor([0]), torch.zeros(1))
    for token in sequence:
        assert token == max((1, 2, 4), key=lambda one: scores[0, one])
        scores, state = step(torch.tensor([token]), state)


@pytest.mark.parametrize(("places", "message"), [(["z"], "'z' is not in the vocabulary of 6 tokens"), ([], "nothing")])
def test_what_cannot_be_written(places, message):
    with pytest.raises(UserError, match=message):
        read_template(places, TOKENS, "--template")

"""Perplexity, accuracy at 1 and 5, and costs by place, against their definitions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.tasks.cloze.metrics import NEAR, ClozeScores, ranks

LENGTHS = [3, 1, 12]
WORDS = 9


def made(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(size, WORDS, generator=generator), torch.randint(WORDS, (size,), generator=generator))
        for size in LENGTHS
    ]


def entered(parts, order=(0, 1, 2)):
    metric, texts = ClozeScores(), made()
    for numbers in parts:
        chosen = [order[i] for i in numbers]
        scores, y = (torch.cat([texts[i][which] for i in chosen]) for which in range(2))
        metric.update(torch.tensor(chosen), torch.tensor([LENGTHS[i] for i in chosen]), scores, y)
    return metric, metric.compute()


def test_the_definitions():
    _, (found, tokens) = entered([[0, 1, 2]])
    assert tokens == sum(LENGTHS)
    nats, right, among = [], 0, 0
    for scores, y in made():
        for row, token in zip(scores.double(), y.tolist(), strict=True):
            nats.append(-float(row.log_softmax(0)[token]))
            order = sorted(range(WORDS), key=lambda word, row=row: (-float(row[word]), word))
            right += order[0] == token
            among += token in order[:5]
    assert found["perplexity"] == pytest.approx(math.exp(sum(nats) / tokens), rel=1e-12)
    assert found["accuracy"] == right / tokens
    assert found["accuracy_at_5"] == among / tokens


def test_batches_and_their_order_leave_no_trace():
    whole = entered([[0, 1, 2]])[1]
    assert entered([[0], [1, 2]], order=(2, 0, 1))[1] == whole


def test_costs_by_place():
    metric, _ = entered([[0, 1, 2]])
    wanted = {side: [[] for _ in range(NEAR)] for side in ("before", "after")}
    for scores, y in made():
        nats = -scores.double().log_softmax(1)[torch.arange(len(y)), y]
        for place, cost in enumerate(nats.tolist()):
            wanted["before"][min(place, NEAR - 1)].append(cost)
            wanted["after"][min(len(y) - 1 - place, NEAR - 1)].append(cost)
    for found, costs in zip(metric.by_place(), wanted.values(), strict=True):
        assert found.tokens.tolist() == list(map(len, costs))
        assert found.nats.tolist() == pytest.approx([sum(one) / len(one) for one in costs])


@given(st.lists(st.integers(-2, 2), min_size=2, max_size=8), st.data())
def test_of_equally_likely_tokens_the_first_is_taken(values, data):
    y = data.draw(st.integers(0, len(values) - 1))
    order = sorted(range(len(values)), key=lambda word: (-values[word], word))
    assert int(ranks(torch.tensor([values]).float(), torch.tensor([y]))) == order.index(y)

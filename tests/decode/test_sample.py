"""Sampling against its definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.sample import Sampling, restrict, sample
from rnnbench.errors import UserError

SCORES = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=9, unique=True)


def by_definition(scores, sampling):
    """Plain Python: scale, keep the top k, keep the smallest set with probability top_p, renormalise."""
    weights = [torch.tensor(s / sampling.temperature).exp().item() for s in scores]
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    if sampling.top_k:
        order = order[: sampling.top_k]
    total = sum(weights[i] for i in order)
    kept, mass = [], 0.0
    for i in order:
        if kept and mass >= sampling.top_p:
            break
        kept.append(i)
        mass += weights[i] / total
    total = sum(weights[i] for i in kept)
    return [weights[i] / total if i in kept else 0.0 for i in range(len(scores))]


@given(SCORES, st.floats(0.3, 3), st.integers(0, 9), st.floats(0.05, 1))
def test_restrict_is_its_definition(scores, temperature, top_k, top_p):
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    # At a border two ways of adding in float disagree about one token; look only at clear cases.
    expected = by_definition(scores, sampling)
    nudged = [by_definition(scores, Sampling(temperature, top_k, p)) for p in (top_p - 1e-4, min(top_p + 1e-4, 1.0))]
    found = restrict(torch.tensor([scores], dtype=torch.float64), sampling)[0]
    assert any(torch.allclose(found, torch.tensor(e, dtype=torch.float64), atol=1e-5) for e in (expected, *nudged))
    assert abs(found.sum().item() - 1) < 1e-9


def test_temperature_zero_takes_the_best():
    probabilities = restrict(torch.tensor([[1.0, 3.0, 2.0]]), Sampling(temperature=0))
    assert probabilities.tolist() == [[0.0, 1.0, 0.0]]


def cycle(token, state):
    """A model that almost surely writes the token after this one, of five."""
    scores = torch.full((1, 5), -50.0)
    scores[0, (int(token) + 1) % 5] = 50.0
    return scores, state + 1


def test_sample_reads_the_prompt_then_writes():
    written = list(sample(cycle, torch.tensor([0, 1, 2]), 0, Sampling(length=6)))
    assert written == [3, 4, 0, 1, 2, 3]


def test_same_seed_same_text():
    def uniform(token, state):
        return torch.zeros(1, 50), state

    runs = [list(sample(uniform, torch.tensor([0]), None, Sampling(length=30, seed=seed))) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "must be 0 or more, and not between 0 and 1e-30, found -1.0"),
        ({"top_k": -1}, "must be 0"),
        ({"top_p": 0.0}, r"must be in \(0, 1\]"),
        ({"top_p": 1.5}, r"must be in \(0, 1\]"),
        ({"length": 0}, "must be at least 1"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        Sampling(**options)

"""Corpus likelihood: nothing may depend on the order or the batches."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.tasks.text_generation.metrics import CorpusLikelihood, likelihood_metrics


@given(st.permutations(range(8)))
def test_the_order_of_windows_changes_no_bit(order):
    values = torch.rand(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1e6
    metric = CorpusLikelihood()
    for index in order:
        metric.update(torch.tensor(index), values[index], index)
    assert metric.compute() == (math.fsum(values.tolist()), sum(range(8)))


def test_empty_windows_do_not_count():
    metric = CorpusLikelihood()
    metric.update(torch.tensor(-1), torch.tensor(0.0), 0)
    metric.update(torch.tensor(0), torch.tensor(2.0), 4)
    metric.update(torch.tensor(-1), torch.tensor(0.0), 0)
    assert metric.compute() == (2.0, 4)


def test_a_window_entered_twice_is_an_error():
    metric = CorpusLikelihood()
    for _ in range(2):
        metric.update(torch.tensor(3), torch.tensor(2.0), 4)
    with pytest.raises(RuntimeError, match="entered twice"):
        metric.compute()


def test_metrics_from_one_total():
    found = likelihood_metrics(nats=math.log(2) * 30, tokens=10, characters=15)
    assert found["perplexity"] == pytest.approx(8)
    assert found["bits_per_character"] == pytest.approx(2)
    assert found["nats_per_token"] == pytest.approx(3 * math.log(2))
    assert found["nats_per_character"] == pytest.approx(2 * math.log(2))
    assert likelihood_metrics(1e6, 1, 1)["perplexity"] == math.inf


def test_no_character_is_counted_that_was_not_read():
    assert set(likelihood_metrics(5.0, 3, None)) == {"perplexity", "nats_per_token"}

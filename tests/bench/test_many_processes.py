"""The model of many processes: its limits are closed forms, and lengths decide how slow the slowest is."""

import numpy as np
import pytest

from rnnbench.bench.many_processes import BACKWARD, BUCKET, Network, expected_maximum, fit_network, ring, step
from rnnbench.bench.stragglers import lengths_of, slowest
from rnnbench.data.batches.bucket import Budget
from rnnbench.errors import UserError

NETWORK = Network(bandwidth=1e9, latency=1e-4)


def test_a_ring_sends_all_but_a_share_twice():
    assert ring(1, 1e9, NETWORK) == 0
    assert ring(2, 1e9, NETWORK) == pytest.approx(1 + 2e-4)
    assert ring(8, 1e9, NETWORK) == pytest.approx(2 * 7 / 8 + 14e-4)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_the_greatest_of_uniform_draws(number):
    values = np.random.default_rng(0).permutation(np.linspace(0, 1, 100_001))
    assert expected_maximum(values, number) == pytest.approx(number / (number + 1), abs=1e-4)


def test_the_greatest_of_a_coin_and_of_very_many():
    assert expected_maximum([1, 0], 2) == pytest.approx(3 / 4)
    assert expected_maximum([3, 1, 2], 10**6) == pytest.approx(3)


def test_one_process_has_nobody_to_wait_for():
    assert step(1, 0.2, 1.0, 1e9, NETWORK) == (0.2, 0)


def test_a_small_model_hides_nothing():
    assert step(4, 10.0, 1.5, BUCKET / 2, NETWORK) == pytest.approx((15.0, ring(4, BUCKET / 2, NETWORK)))


def test_a_large_one_hides_behind_the_backward_pass():
    all_of_it = ring(4, 1e9, NETWORK)
    assert step(4, 1.0, 1.0, 1e9, NETWORK).exposed == pytest.approx(all_of_it - BACKWARD)
    # All but the last bucket.
    assert step(4, 100.0, 1.0, 1e9, NETWORK).exposed == pytest.approx(ring(4, BUCKET, NETWORK))
    assert step(4, 100.0, 1.0, 1e9, NETWORK).seconds == pytest.approx(100 + ring(4, BUCKET, NETWORK))


@pytest.mark.parametrize("processes", [2, 8])
def test_bandwidth_and_latency_are_found_again(processes):
    measured = {size: ring(processes, size, NETWORK) for size in (4, 10**4, 10**6, 10**8)}
    assert fit_network(measured, processes) == pytest.approx(NETWORK)


def test_the_slowest_by_lengths():
    found = slowest([1, 3], Budget(batch_size=1), (1, 2, 3))
    assert found[1] == pytest.approx((1, 1))
    # At random 1, 3, 3, 3 of 2 on average; together always 3.
    assert found[2] == pytest.approx((5 / 4, 3 / 2))
    assert found[3].neighbours is None


def test_neighbours_wait_less():
    lengths = np.random.default_rng(0).integers(1, 200, 4000)
    found = slowest(lengths, Budget(batch_size=20), (8,))[8]
    assert found.neighbours < 1.1 < 1.5 < found.at_random


def test_lengths_of_a_preset():
    words = ["sentiment/builtin", "--data.source.train=60", "--data.source.held_out=20"]
    assert lengths_of(words).shape == (60,)
    with pytest.raises(UserError, match="no lengths of their own"):
        lengths_of(["text_generation/char_lstm"])

"""Values by sample: neither order nor batches nor processes may leave a trace."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.tasks.base import ItemValues

VALUES = torch.rand(23, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1e6


@given(order=st.permutations(range(23)), size=st.integers(1, 9))
def test_neither_order_nor_batches_change_a_bit(order, size):
    metric = ItemValues()
    for start in range(0, 23, size):
        ids = torch.tensor(order[start : start + size])
        metric.update(ids, VALUES[ids])
    assert torch.equal(metric.compute(), VALUES)


def test_what_counts_for_nothing_is_left_out():
    metric = ItemValues()
    metric.update(torch.tensor([-1, 1]), torch.tensor([[9.0], [2.0]]))
    metric.update(torch.tensor([0, -1]), torch.tensor([[1.0], [9.0]]))
    assert metric.compute().tolist() == [[1.0], [2.0]]


def test_a_sample_entered_twice_is_an_error():
    metric = ItemValues()
    metric.update(torch.tensor([3, 3]), torch.zeros(2, 1))
    with pytest.raises(RuntimeError, match="entered twice"):
        metric.compute()

"""Sums of rows are what they are by definition, and so are their gradients."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.nn.bags import Bags

BAGS = st.lists(st.lists(st.integers(0, 6), max_size=5), min_size=1, max_size=6)


@settings(max_examples=40)
@given(BAGS, st.booleans())
def test_definition(bags, weighted):
    torch.manual_seed(0)
    table = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    members = torch.tensor([row for bag in bags for row in bag], dtype=torch.int64)
    counts = torch.tensor([len(bag) for bag in bags])
    weights = torch.rand(len(members), dtype=torch.float64) if weighted else None
    found = Bags.of(members, counts, 7).sum(table, weights)
    each = table[members] * (1 if weights is None else weights[:, None])
    wanted = torch.stack([part.sum(0) for part in each.split(counts.tolist())])
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    gradient = torch.randn_like(found)
    ours, theirs = (torch.autograd.grad((y * gradient).sum(), table)[0] for y in (found, wanted))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_empty_bags_are_zero_and_change_nothing():
    table = torch.randn(4, 2, requires_grad=True)
    found = Bags.of(torch.tensor([1, 1]), torch.tensor([0, 2, 0]), 4).sum(table)
    assert torch.equal(found, torch.stack([torch.zeros(2), 2 * table[1], torch.zeros(2)]))
    found.sum().backward()
    assert table.grad[[0, 2, 3]].abs().sum() == 0

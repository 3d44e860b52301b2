"""Pooling against its definition, sequence by sequence; padding is inert."""

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.nn import Pooling

KINDS = ("last", "mean", "max", "attention")
LENGTHS = torch.tensor([5, 1, 0, 3])


@pytest.fixture
def y():
    return torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1


def pooling(kind, causal=True):
    torch.manual_seed(2)
    return Pooling(kind, 6, causal).double()


def by_definition(pool, y):
    """One sequence ``(L, O)``."""
    if not len(y):
        return torch.zeros(pool.output_size, dtype=y.dtype)
    if pool.kind == "last":
        return y[-1] if pool.causal else torch.cat([y[-1], y[0]])
    if pool.kind == "mean":
        return sum(y) / len(y)
    if pool.kind == "max":
        return torch.stack([torch.stack([row[unit] for row in y]).max() for unit in range(y.shape[1])])
    scores = torch.stack([pool.query.weight[0] @ torch.tanh(pool.hidden.weight @ row + pool.hidden.bias) for row in y])
    weights = scores.exp() / scores.exp().sum()
    return sum(weight * row for weight, row in zip(weights, y, strict=True))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_definition(kind, causal, y):
    pool = pooling(kind, causal)
    expected = torch.stack([by_definition(pool, row[:length]) for row, length in zip(y, LENGTHS, strict=True)])
    found = pool(y, LENGTHS)
    assert found.shape == (4, pool.output_size)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("garbage", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("kind", KINDS)
def test_padding_is_inert_to_the_bit(kind, garbage, y):
    pool = pooling(kind)
    spoilt = y.clone()
    for row, length in enumerate(LENGTHS):
        spoilt[row, length:] = garbage
    results = []
    for values in (y, spoilt):
        values = values.clone().requires_grad_()
        pooled = pool(values, LENGTHS)
        (gradient,) = torch.autograd.grad(pooled.square().sum(), values)
        results.append((pooled.detach(), gradient))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    for row, length in enumerate(LENGTHS):
        assert not results[1][1][row, length:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_batch_changes_only_rounding(kind, y):
    pool = pooling(kind)
    longer = torch.cat([y, torch.randn(4, 9, 6, dtype=torch.float64)], 1)
    torch.testing.assert_close(pool(longer, LENGTHS), pool(y, LENGTHS), rtol=1e-12, atol=1e-12)


def test_an_unknown_kind():
    with pytest.raises(UserError, match="did you mean: mean"):
        Pooling("meen", 6)

"""Attention against its definition, one query and one place at a time."""

import math
from functools import partial

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.nn.attention import AdditiveAttention, DotAttention, GeneralAttention, LocalAttention

Q, M, S = 6, 6, 7
LENGTHS = torch.tensor([7, 1, 4, 5])
KINDS = {
    "additive": partial(AdditiveAttention, size=5),
    "dot": DotAttention,
    "general": GeneralAttention,
    "local": partial(LocalAttention, window=2),
    "local dot": partial(LocalAttention, score=DotAttention, window=9),
}


def score(attention, q, m):
    """Of one query and one place."""
    if isinstance(attention, LocalAttention):
        return score(attention.scorer, q, m)
    if isinstance(attention, AdditiveAttention):
        hidden = attention.query.weight @ q + attention.key.weight @ m + attention.key.bias
        return attention.energy.weight[0] @ torch.tanh(hidden)
    return q @ (m if isinstance(attention, DotAttention) else attention.key.weight @ m)


def by_definition(attention, q, values):
    """Context and weights of one query over the places of one memory."""
    size = len(values)
    scores = {s: score(attention, q, values[s]) for s in range(size)}
    factor = dict.fromkeys(scores, 1.0)
    if isinstance(attention, LocalAttention):
        hidden = torch.tanh(attention.hidden.weight @ q)
        p = size * torch.sigmoid(attention.place.weight[0] @ hidden)
        scores = {s: one for s, one in scores.items() if abs(s - p) <= attention.window}
        factor = {s: torch.exp(-((s - p) ** 2) / (2 * (attention.window / 2) ** 2)) for s in scores}
    total = sum(torch.exp(one) for one in scores.values())
    weights = torch.stack([torch.exp(scores[s]) / total * factor[s] if s in scores else q[0] * 0 for s in range(size)])
    return weights @ values, weights


@pytest.fixture(params=KINDS)
def attention(request):
    torch.manual_seed(1)
    return KINDS[request.param](Q, M).double()


def memory(attention):
    return attention.prepare(torch.randn(4, S, M, dtype=torch.float64), LENGTHS)


def test_definition(attention):
    seen = memory(attention)
    queries = torch.randn(4, 3, Q, dtype=torch.float64)
    context, weights = attention(queries, seen)
    for b, size in enumerate(LENGTHS.tolist()):
        for t in range(3):
            expected, of_places = by_definition(attention, queries[b, t], seen.values[b, :size])
            assert torch.allclose(weights[b, t, :size], of_places, atol=1e-12)
            assert torch.allclose(context[b, t], expected, atol=1e-12)
            assert (weights[b, t, size:] == 0).all()
            if not isinstance(attention, LocalAttention):
                assert math.isclose(float(of_places.detach().sum()), 1)


def test_rows_of_queries(attention):
    """One query a memory, and any number of them, as a beam search has."""
    seen = memory(attention)
    query = torch.randn(4, Q, dtype=torch.float64)
    for found, expected in zip(attention(query, seen), attention(query[:, None], seen), strict=True):
        assert torch.equal(found, expected[:, 0])
    rows = torch.tensor([0, 0, 0, 2, 3, 3])
    some = seen.select(rows)
    assert some.owner.tolist() == [0, 0, 0, 1, 2, 2]
    assert len(some.values) == 3, "what no row looks at leaves"
    queries = torch.randn(6, Q, dtype=torch.float64)
    context, weights = attention(queries, some)
    for row, b in enumerate(rows.tolist()):
        expected = attention(queries[row][None, None].expand(4, 1, Q), seen)
        assert torch.allclose(context[row], expected[0][b, 0], atol=1e-12)
        assert torch.allclose(weights[row], expected[1][b, 0], atol=1e-12)
    again = some.select(torch.tensor([3, 4]))
    assert torch.allclose(attention(queries[3:5], again)[0], context[3:5], atol=1e-12)
    assert again.owner.tolist() == [0, 1]


def test_padding_changes_nothing(attention):
    values = torch.randn(4, S, M, dtype=torch.float64)
    queries = torch.randn(4, 3, Q, dtype=torch.float64)
    spoilt = values.clone()
    for b, size in enumerate(LENGTHS.tolist()):
        spoilt[b, size:] = torch.nan
    clean = attention(queries, attention.prepare(values, LENGTHS))
    for found, expected in zip(attention(queries, attention.prepare(spoilt, LENGTHS)), clean, strict=True):
        assert torch.equal(found, expected)


def test_gradients_are_finite(attention):
    values = torch.randn(4, S, M, dtype=torch.float64, requires_grad=True)
    context, _ = attention(torch.randn(4, 3, Q, dtype=torch.float64), attention.prepare(values, LENGTHS))
    context.square().sum().backward()
    for value in (values, *attention.parameters()):
        assert value.grad.isfinite().all()
        assert value.grad.any()
    assert (values.grad[1, 1:] == 0).all()


def test_concat_of_luong_is_additive():
    """v . tanh(W [q; m]), with W cut in two."""
    attention = AdditiveAttention(Q, M, size=5)
    with torch.no_grad():
        attention.key.bias.zero_()
    both = torch.cat([attention.query.weight, attention.key.weight], 1)
    q, m = torch.randn(Q), torch.randn(M)
    assert torch.allclose(score(attention, q, m), attention.energy.weight[0] @ torch.tanh(both @ torch.cat([q, m])))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DotAttention(4, 5), "a query has 4 values and what it looks at 5"),
        (lambda: AdditiveAttention(4, 5, size=0), "size must be at least 1, found 0"),
        (lambda: LocalAttention(4, 5, window=0), "window must be at least 1, found 0"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(UserError, match=message):
        make()

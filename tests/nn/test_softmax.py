"""The cross-entropy without the matrix of scores is that with it."""

import pytest
import torch
import torch.nn.functional as F

from rnnbench.nn import softmax
from rnnbench.nn.softmax import SoftmaxOutput


@pytest.mark.parametrize("ignored", [None, -100])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scores", [1, 50, 10**9])
def test_loss_and_gradients_are_those_of_the_whole_matrix(ignored, smoothing, scores, monkeypatch):
    monkeypatch.setitem(softmax._SCORES, "cpu", scores)
    layer = SoftmaxOutput(5, 11).double()
    hidden = torch.randn(13, 5, dtype=torch.float64, requires_grad=True)
    target = torch.randint(11, (13,))
    if ignored is not None:
        target[torch.tensor([0, 7])] = ignored
    leaves = (hidden, layer.weight, layer.bias)
    expected = F.cross_entropy(layer(hidden), target, reduction="sum", label_smoothing=smoothing)
    found = layer.nats(hidden, target, ignored, smoothing)
    assert torch.allclose(found, expected, rtol=1e-12, atol=0)
    for mine, right in zip(
        torch.autograd.grad(3 * found, leaves), torch.autograd.grad(3 * expected, leaves), strict=True
    ):
        assert torch.allclose(mine, right, rtol=1e-12, atol=1e-14)
    with torch.no_grad():
        assert torch.equal(layer.nats(hidden, target, ignored, smoothing), found)


def test_a_tied_weight_learns_from_both_sides():
    layer, embedding = SoftmaxOutput(4, 7).double(), torch.nn.Embedding(7, 4).double()
    layer.weight = embedding.weight
    x, y = torch.randint(7, (2, 9))
    (mine,) = torch.autograd.grad(layer.nats(embedding(x).tanh(), y), embedding.weight)
    (right,) = torch.autograd.grad(F.cross_entropy(layer(embedding(x).tanh()), y, reduction="sum"), embedding.weight)
    assert torch.allclose(mine, right, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_it_is_the_plain_loss_under_autocast_and_in_16_bits(dtype):
    layer, hidden, target = SoftmaxOutput(4, 7).to(dtype), torch.randn(3, 4, dtype=dtype), torch.tensor([1, 2, 6])
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.float32):
        expected = F.cross_entropy(layer(hidden), target, reduction="sum")
        assert torch.equal(layer.nats(hidden, target), expected)


def test_frozen_features_and_a_frozen_layer():
    layer, target = SoftmaxOutput(4, 7), torch.tensor([1, 2, 6])
    layer.requires_grad_(False)
    hidden = torch.randn(3, 4, requires_grad=True)
    layer.nats(hidden, target).backward()
    assert hidden.grad is not None
    assert layer.weight.grad is None

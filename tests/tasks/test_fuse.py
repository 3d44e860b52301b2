"""Optimizers are fused where they can be and nobody said otherwise."""

import pytest
import torch

from rnnbench.tasks.base.fuse import fuse

OPTIMIZERS = [torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad]


def weights(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(3, size, generator=generator).to(dtype)) for size in (4, 5)]


def steps(parameters, optimizer, count=5):
    for step in range(count):
        for place, weight in enumerate(parameters):
            weight.grad = (weight.detach() + place + step).sin()
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in parameters])


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_fused_steps_are_the_same_steps(make):
    plain, fused = weights(), weights()
    optimizer = make(fused, lr=0.1)
    fuse(optimizer)
    assert [group["fused"] for group in optimizer.param_groups] == [True]
    expected, found = steps(plain, make(plain, lr=0.1, fused=False)), steps(fused, optimizer)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("options", [{"fused": False}, {"foreach": True}, {"differentiable": True}])
def test_what_options_say_stays(options):
    optimizer = torch.optim.Adam(weights(), **options)
    before = optimizer.param_groups[0]["fused"]
    fuse(optimizer)
    assert optimizer.param_groups[0]["fused"] is before


def test_what_has_no_fused_steps_is_left_alone():
    optimizer = torch.optim.RMSprop(weights())
    fuse(optimizer)
    assert "fused" not in optimizer.param_groups[0]
    complex_weights = [torch.nn.Parameter(torch.zeros(2, dtype=torch.complex64))]
    optimizer = torch.optim.Adam(complex_weights)
    fuse(optimizer)
    assert optimizer.param_groups[0]["fused"] is None
    steps(complex_weights, optimizer, 1)


def test_groups_are_looked_at_one_by_one():
    first, second = weights()
    optimizer = torch.optim.Adam([{"params": [first], "fused": False}, {"params": [second]}])
    fuse(optimizer)
    assert [group["fused"] for group in optimizer.param_groups] == [False, True]
    steps([first, second], optimizer, 1)

"""The backbone: errors, padding, dropout, state functions."""

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import detach, leaves, reset, select, unflatten
from rnnbench.cells import GRU, LSTM
from rnnbench.errors import UserError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be a positive integer, found 0"),
        ({"num_layers": 0}, "num_layers must be from 1 to 1000, found 0"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"engine": "fast"}, "no engine is called 'fast'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        Backbone(3, **options)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        (torch.tensor([6, 1]), r"must be in 0..5, found 1..6"),
        (torch.tensor([-1, 1]), r"must be in 0..5, found -1..1"),
        (torch.tensor([5.0, 1.0]), "must be int64, found torch.float32"),
        (torch.tensor([5, 1], dtype=torch.int32), "must be int64"),
        (torch.tensor([5, 1, 1]), r"must be \(2,\), found \(3,\)"),
    ],
)
def test_bad_lengths(lengths, message):
    with pytest.raises(UserError, match=message):
        Backbone(3, hidden_size=4)(torch.randn(2, 5, 3), lengths)


@pytest.mark.parametrize("x", [torch.randn(2, 5, 4), torch.randn(5, 3), torch.randn(2, 0, 3)])
def test_bad_input(x):
    with pytest.raises(UserError, match=r"x must be \(B, T >= 1, 3\)"):
        Backbone(3, hidden_size=4)(x)


def test_bad_state():
    stack = Backbone(3, hidden_size=4, num_layers=2)
    _, state = stack(torch.randn(2, 5, 3))
    with pytest.raises(UserError, match="state must have the shapes"):
        stack(torch.randn(3, 5, 3), state=state)
    with pytest.raises(UserError, match="nested as layers"):
        stack(torch.randn(2, 5, 3), state=(1, 2))


def test_bidirectional_does_not_step():
    stack = Backbone(3, hidden_size=4, bidirectional=True)
    assert not stack.causal
    with pytest.raises(UserError, match="cannot step"):
        stack.step(torch.randn(2, 3), stack.initial_state(2, torch.zeros(())))


def test_zero_length_leaves_the_state_alone():
    stack = Backbone(3, GRU, hidden_size=4, num_layers=2, bidirectional=True)
    start = unflatten([torch.randn(3, 4) for _ in range(4)], stack.initial_state(3, torch.zeros(())))
    y, end = stack(torch.randn(3, 5, 3), torch.tensor([0, 5, 0]), state=start)
    assert not y[[0, 2]].any()
    for before, after in zip(leaves(start), leaves(end), strict=True):
        assert torch.equal(before[[0, 2]], after[[0, 2]])
        assert not torch.equal(before[1], after[1])


def test_dropout_between_layers_only_in_training():
    stack = Backbone(3, LSTM, 8, num_layers=2, dropout=0.5)
    x = torch.randn(2, 5, 3)
    assert not torch.equal(stack(x)[0], stack(x)[0])
    stack.eval()
    assert torch.equal(stack(x)[0], stack(x)[0])
    one_layer = Backbone(3, LSTM, 8, num_layers=1, dropout=0.5)
    assert torch.equal(one_layer(x)[0], one_layer(x)[0])


def test_checkpoints_do_not_depend_on_the_engine():
    fused, loop = Backbone(3, LSTM, 4, engine="torch"), Backbone(3, LSTM, 4, engine="reference")
    loop.load_state_dict(fused.state_dict())
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(fused(x)[0], loop(x)[0])


def test_state_functions():
    stack = Backbone(3, LSTM, 4, num_layers=2)
    _, state = stack(torch.randn(3, 5, 3))
    assert all(leaf.requires_grad for leaf in leaves(state))
    assert not any(leaf.requires_grad for leaf in leaves(detach(state)))
    chosen = select(state, torch.tensor([2, 2, 0]))
    assert torch.equal(chosen[1][0][0], state[1][0][0][[2, 2, 0]])
    initial = stack.initial_state(3, torch.zeros(()))
    mixed = reset(state, torch.tensor([True, False, False]), initial)
    assert not mixed[0][0][1][0].any()
    assert torch.equal(mixed[0][0][1][1:], state[0][0][1][1:])
    assert all(a is b for a, b in zip(leaves(unflatten(leaves(state), state)), leaves(state), strict=True))

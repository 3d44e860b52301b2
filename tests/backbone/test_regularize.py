"""What is dropped, when, how often, and from what random numbers."""

import copy
import pickle
from functools import partial

import pytest
import torch
from torch import nn

from rnnbench.backbone import Backbone, Dropout
from rnnbench.backbone.regularize import regularized_params
from rnnbench.cells import GRU, LSTM, Elman, RNNCell, Zoneout
from rnnbench.engine.auto import fastest_engine
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.errors import UserError


class Recorder(RNNCell):
    """Gives back what it reads, and what it reads is what the test wants to see."""

    emits = None

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(torch.zeros(1))

    def step(self, z, state):
        return z[:, : self.hidden_size] + 0 * self.weight, state


def ones(rows=64, steps=6, width=50):
    return torch.ones(rows, steps, width)


@pytest.mark.parametrize("where", ["input", "between", "output"])
@pytest.mark.parametrize("locked", [False, True])
def test_rates_scale_and_lock(where, locked):
    torch.manual_seed(0)
    stack = Backbone(50, Recorder, 50, num_layers=2, dropout=Dropout(**{where: 0.3}, locked=locked))
    y = stack(ones())[0]
    assert set(y.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    share = (y[:, 0] == 0).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.03)
    assert torch.equal(y, y[:, :1].expand_as(y)) == locked, "one mask for all steps"
    assert not torch.equal(y[0], y[1]), "one mask for each sequence"
    assert not torch.equal(stack(ones())[0], y), "one mask for each call"
    stack.eval()
    assert torch.equal(stack(ones())[0], ones())


def test_where_each_rate_acts():
    """Two layers that add up: the residual path is not dropped between layers, and is at input and output."""
    stack = Backbone(4, Recorder, 4, num_layers=2, connect="residual", dropout=Dropout(between=0.5, locked=True))
    y = stack(ones(8, 3, 4))[0]
    assert set(y.unique().tolist()) <= {2.0, 2.0 + 2.0 / 0.5}, "x + cell(x) = 2, then 2 + cell(dropped 2)"


@pytest.mark.parametrize("engine", ["torch", "reference"])
def test_a_number_is_the_rate_between_layers(engine):
    x = torch.randn(2, 5, 3)
    outputs = []
    for dropout in (0.4, Dropout(between=0.4)):
        torch.manual_seed(0)
        outputs.append(Backbone(3, LSTM, 8, num_layers=2, dropout=dropout, engine=engine)(x)[0])
    assert torch.equal(*outputs)


@pytest.mark.parametrize("name", ["between", "input", "output", "state"])
@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_bad_rates(name, rate):
    with pytest.raises(UserError, match=rf"dropout.{name} must be in \[0, 1\), found {rate}"):
        Backbone(3, hidden_size=4, dropout=Dropout(**{name: rate}))


@pytest.mark.parametrize("cell", [LSTM, GRU, *(pytest.param(one, marks=pytest.mark.slow) for one in (Elman, Zoneout))])
def test_state_masks_are_those_of_the_equations(cell):
    """The stack in training equals its cell stepped by hand with the mask that the generator gives."""
    torch.manual_seed(0)
    stack = Backbone(
        5, partial(cell, hidden=0.0, memory=0.0) if cell is Zoneout else cell, 6, dropout=Dropout(state=0.4)
    )
    one = stack.cells[0][0]
    assert fastest_engine(one, masked=True)[0].name != "torch"
    x = torch.randn(3, 7, 5)
    torch.manual_seed(1)
    mask = torch.empty(3, 6).bernoulli_(0.6) / 0.6
    (one.cell if cell is Zoneout else one).state_mask = mask
    state, expected = one.initial_state(3, x), []
    for t in range(7):
        y, state = one(x[:, t], state)
        expected.append(y)
    (one.cell if cell is Zoneout else one).state_mask = None
    torch.manual_seed(1)
    y, last = stack(x)
    torch.testing.assert_close(y, torch.stack(expected, 1))
    torch.testing.assert_close(last[0][0], state)
    assert one.state_mask is None, "the cell is left as it was"
    undropped = stack.eval()(x)[0]
    assert torch.equal(y[:, 0], undropped[:, 0]), "the first state is zero: nothing to drop"
    assert not torch.equal(y[:, 1], undropped[:, 1])


def test_layers_and_directions_have_state_masks_of_their_own():
    seen = []

    class Watching(Elman):
        def step(self, z, state):
            seen.append(self.state_mask)
            return super().step(z, state)

    stack = Backbone(3, Watching, 8, num_layers=2, bidirectional=True, dropout=Dropout(state=0.5), engine="reference")
    seen.clear()
    stack(torch.randn(2, 5, 3))
    runs = [seen[start : start + 5] for start in range(0, 20, 5)]
    assert all(torch.equal(run[0], mask) for run in runs for mask in run), "constant over time"
    assert not any(torch.equal(runs[a][0], runs[b][0]) for a in range(4) for b in range(a))


@pytest.mark.parametrize("cell", [LSTM, GRU, Elman, Zoneout, partial(Zoneout, cell=GRU)])
def test_weight_drop_is_on(cell):
    """It was silently off in a well-known program: masked weights must reach what computes."""
    torch.manual_seed(0)
    stack = Backbone(5, cell, 32, weight_drop=0.3)
    one = stack.cells[0][0]
    for name, value in regularized_params(one, torch.zeros(1, 5), 0.0, 0.3).items():
        whole = dict(one.named_parameters())[name]
        if name in one.recurrent_weights:
            assert (value == 0).double().mean().item() == pytest.approx(0.3, abs=0.05)
            torch.testing.assert_close(value[value != 0], (whole / 0.7)[value != 0])
        else:
            assert torch.equal(value, whole)
    x = torch.randn(2, 4, 5)
    before = copy.deepcopy(stack.state_dict())
    y = stack.train()(x)[0]
    assert not torch.equal(stack(x)[0], y), "a mask for each call"
    y.square().sum().backward()
    named = dict(one.named_parameters())
    shares = [(named[name].grad == 0).double().mean().item() for name in one.recurrent_weights]
    assert all(0.2 < share < 0.4 for share in shares), "what was dropped has no gradient"
    assert all(torch.equal(value, before[name]) for name, value in stack.state_dict().items())
    plain = Backbone(5, cell, 32).eval()
    plain.load_state_dict(stack.state_dict())
    assert torch.equal(stack.eval()(x)[0], plain(x)[0]), "whole weights in evaluation, and a clean state dict"


def test_weight_drop_reaches_torch_layers():
    torch.manual_seed(0)
    fast, loop = (Backbone(5, LSTM, 8, num_layers=2, weight_drop=0.5, engine=name) for name in ("torch", "reference"))
    loop.load_state_dict(fast.state_dict())
    x, outputs = torch.randn(3, 6, 5), []
    for stack in (fast, loop):
        torch.manual_seed(7)
        outputs.append(stack(x)[0])
    torch.testing.assert_close(*outputs)


ALL = Dropout(between=0.3, input=0.2, output=0.2, state=0.3, locked=True)


def test_locked_masks_do_not_see_the_padding():
    """The same sequences with more padding: the same masks, so the same numbers."""
    torch.manual_seed(0)
    options = {"num_layers": 2, "bidirectional": True, "dropout": ALL, "weight_drop": 0.3, "engine": "reference"}
    stack = Backbone(4, LSTM, 6, **options).double()
    x, lengths = torch.randn(3, 9, 4).double(), torch.tensor([5, 2, 3])
    torch.manual_seed(1)
    long, long_state = stack(x, lengths)
    torch.manual_seed(1)
    short, short_state = stack(x[:, :5], lengths)
    torch.testing.assert_close(long[:, :5], short, rtol=0, atol=1e-15)
    torch.testing.assert_close(long_state, short_state, rtol=0, atol=1e-15)


def test_a_step_in_training_draws_masks_of_its_own():
    torch.manual_seed(0)
    stack = Backbone(4, GRU, 6, num_layers=2, dropout=ALL, weight_drop=0.3)
    x, state = torch.randn(3, 4), stack.initial_state(3, torch.zeros(()))
    torch.manual_seed(1)
    y, _ = stack.step(x, state)
    torch.manual_seed(1)
    again, _ = stack(x[:, None], state=state)
    torch.testing.assert_close(again[:, 0], y), "the masks of a sequence of one step"
    assert not torch.equal(stack.step(x, state)[0], y)


def test_reproducible_copied_and_pickled():
    torch.manual_seed(0)
    stack = Backbone(4, Zoneout, 6, num_layers=2, dropout=ALL, weight_drop=0.3, learned_state=True)
    x, outputs = torch.randn(3, 5, 4), []
    for one in (stack, stack, copy.deepcopy(stack), pickle.loads(pickle.dumps(stack))):
        torch.manual_seed(5)
        outputs.append(one(x)[0])
    assert all(torch.equal(y, outputs[0]) for y in outputs)


def test_making_a_stack_with_state_dropout_draws_no_random_numbers():
    states = []
    for dropout in (Dropout(), Dropout(state=0.5)):
        torch.manual_seed(0)
        Backbone(4, partial(Zoneout, cell=GRU), 6, dropout=dropout)
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_no_engine_ignores_a_state_mask():
    with pytest.raises(UserError, match="torch engine cannot run LSTM: .* no locked dropout on the state"):
        Backbone(3, LSTM, 4, dropout=Dropout(state=0.1), engine="torch")
    assert isinstance(Backbone(3, LSTM, 4, dropout=Dropout(state=0.1), engine="reference").engine, ReferenceEngine)

"""Every cell keeps the laws; the package is walked, so a new file is covered by existing."""

import importlib
import inspect
import pkgutil
from functools import partial
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import torch
from torch import nn

import rnnbench.cells
from rnnbench.cells import GRU, LSTM, Elman, RNNCell
from rnnbench.errors import UserError
from rnnbench.testing import LawBroken, check_cell


def all_cells() -> list[type[RNNCell]]:
    """Every class of the package that can be made: one that only shares code with others is abstract."""
    found = []
    for module in pkgutil.iter_modules(rnnbench.cells.__path__, "rnnbench.cells."):
        for one in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(one) and issubclass(one, RNNCell) and one.__module__ == module.name:
                found.append(one)
    return [one for one in found if not inspect.isabstract(one)]


# What no annotation tells: options that are numbers.
NUMBERS = {
    LSTM: [{"forget_bias": 0.0}],
}


def variants(cell: type[RNNCell]) -> list[dict[str, object]]:
    """Every option that is a choice or a flag, at each value but its default; and the numbers named above."""
    hints = get_type_hints(cell.__init__)
    found = []
    for name, option in inspect.signature(cell).parameters.items():
        hint = hints.get(name)
        values = get_args(hint) if get_origin(hint) is Literal else (False, True) if hint is bool else ()
        found += [{name: value} for value in values if value != option.default]
    return found + NUMBERS.get(cell, [])


CASES = [(cell, options) for cell in all_cells() for options in ({}, *variants(cell))]


def test_the_walk_finds_the_options():
    assert {"nonlinearity": "relu"} in variants(Elman)


def test_the_walk_finds_the_cells():
    assert {LSTM, GRU, Elman} <= set(all_cells())


@pytest.mark.parametrize(
    ("cell", "options"),
    [pytest.param(*case, marks=pytest.mark.slow if case[1] else ()) for case in CASES],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_contract(cell, options):
    check_cell(partial(cell, **options))


@pytest.mark.parametrize("cell", all_cells())
def test_exported(cell):
    assert cell.__name__ in rnnbench.cells.__all__


@pytest.mark.parametrize("cell", all_cells())
@pytest.mark.parametrize("sizes", [(0, 4), (4, 0), (4, -1), (4, 2.5), (True, 4)])
def test_bad_sizes_are_named(cell, sizes):
    with pytest.raises(UserError, match="_size must be a positive integer"):
        cell(*sizes)


class Sloppy(RNNCell):
    """Counts its own steps: a second run differs."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Linear(input_size, hidden_size)
        self.calls = 0

    def step(self, z, state):
        self.calls += 1
        h = torch.tanh(self.weight(z) + state[0] + self.calls)
        return h, (h,)


class WrongShape(RNNCell):
    def step(self, z, state):
        return z, (z,)


class WrongEmit(Elman):
    emits = 0

    def step(self, z, state):
        h, state = super().step(z, state)
        return 2 * h, state


class Undropped(Elman):
    """Multiplies the state as it is: locked dropout would be silently off."""

    def recur(self, hidden):
        return nn.functional.linear(hidden, self.weight_hh, self.bias_hh)


class NoSuchWeight(Elman):
    recurrent_weights = ("weight_hi",)


class Misnamed(Elman):
    recurrent_weights = ("weight_ih",)


class Moody(Elman):
    """A row depends on the size of its batch."""

    def step(self, z, state):
        h, state = super().step(z + len(z), state)
        return h, state


class WrongGradient(Elman):
    def step(self, z, state):
        h, _ = super().step(z, state)
        h = h + (h - h.detach()) * 0.1
        return h, (h,)


@pytest.mark.parametrize(
    ("cell", "law"),
    [
        (Sloppy, "deterministic"),
        (WrongShape, "output_size"),
        (WrongEmit, "`emits` names is the output"),
        (Undropped, "drop_state reaches"),
        (NoSuchWeight, "no parameter 'weight_hi'"),
        (Misnamed, "project uses weight_ih"),
        (Moody, "the sequences of a batch do not meet"),
        (WrongGradient, "finite differences"),
    ],
)
def test_a_wrong_cell_is_told_the_law(cell, law):
    with pytest.raises(LawBroken, match=law):
        check_cell(cell)


TORCH = [
    (LSTM, nn.LSTMCell, {}),
    (GRU, nn.GRUCell, {}),
    (Elman, nn.RNNCell, {}),
    (partial(Elman, nonlinearity="relu"), nn.RNNCell, {"nonlinearity": "relu"}),
]


@pytest.mark.parametrize(("cell", "torch_cell", "options"), TORCH)
def test_weights_convert_both_ways(cell, torch_cell, options):
    ours, theirs = cell(5, 7).double(), torch_cell(5, 7, **options).double()
    ours.load_state_dict(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x, state = torch.randn(3, 5).double(), ours.initial_state(3, torch.zeros(()).double())
    state = tuple(torch.randn_like(leaf) for leaf in state)
    y, new = ours(x, state)
    expected = theirs(x, state if len(state) > 1 else state[0])
    expected = expected if isinstance(expected, tuple) else (expected,)
    torch.testing.assert_close(new, expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(y, expected[0], rtol=0, atol=1e-14)


def test_elman_sigmoid_is_the_equation():
    cell = Elman(2, 3, nonlinearity="sigmoid").double()
    x, h = torch.randn(4, 2).double(), torch.randn(4, 3).double()
    by_hand = torch.sigmoid(x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh)
    torch.testing.assert_close(cell(x, (h,))[0], by_hand)


def test_forget_bias():
    torch.manual_seed(0)
    plain = LSTM(4, 8, forget_bias=0.0)
    torch.manual_seed(0)
    raised = LSTM(4, 8, forget_bias=2.0)
    difference = raised.bias_ih - plain.bias_ih
    torch.testing.assert_close(difference, torch.tensor([0.0] * 8 + [2.0] * 8 + [0.0] * 16))


def test_unknown_nonlinearity():
    with pytest.raises(UserError, match="did you mean: tanh"):
        Elman(2, 2, nonlinearity="tan")

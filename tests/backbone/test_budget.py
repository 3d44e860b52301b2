"""Sizes from a budget, and closed forms against what is counted."""

import inspect
import itertools
from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import rnnbench.cells
from rnnbench.backbone import Backbone, for_budget
from rnnbench.cells import GRU, LSTM, Elman, Zoneout
from rnnbench.errors import UserError

EXPORTED = [getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__]
CELLS = [one for one in EXPORTED if inspect.isclass(one) and not inspect.isabstract(one)]


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("budget", [250_000, 1_000_000])
def test_every_cell_meets_a_budget(cell, budget):
    stack = Backbone(64, cell, parameters=budget, num_layers=2)
    assert abs(count(stack) - budget) <= 0.01 * budget


@pytest.mark.parametrize("connect", ["plain", pytest.param("residual", marks=pytest.mark.slow), "dense"])
@pytest.mark.parametrize("bidirectional", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_nearest_size_by_trying_all(connect, bidirectional):
    options = {"num_layers": 2, "bidirectional": bidirectional, "connect": connect, "learned_state": True}
    sizes = {size: count(Backbone(9, GRU, size, layer_norm=True, **options)) for size in range(1, 125)}
    for budget in (sizes[110], sizes[110] + 30, (sizes[110] + sizes[111]) // 2 + 20, sizes[120] - 30):
        found = for_budget(budget, lambda size: Backbone(9, GRU, size, layer_norm=True, **options))
        assert abs(sizes[found] - budget) == min(abs(size - budget) for size in sizes.values())


def test_a_budget_gives_the_bits_of_its_size():
    torch.manual_seed(0)
    found = Backbone(16, LSTM, parameters=10_000, recurrent_init="orthogonal")
    torch.manual_seed(0)
    named = Backbone(16, LSTM, found.cells[0][0].hidden_size, recurrent_init="orthogonal")
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), named.parameters(), strict=True))


class Heads(LSTM):
    def __init__(self, input_size, hidden_size):
        if hidden_size % 6 or hidden_size < 40:
            raise UserError(f"six heads do not share {hidden_size} units")
        super().__init__(input_size, hidden_size)


def test_sizes_that_a_cell_refuses_are_passed_over():
    sizes = {size: count(Backbone(8, Heads, size)) for size in range(42, 300, 6)}
    for budget in (20_000, 100_000, 145_000, 147_000, 200_000):
        nearest = min(sizes, key=lambda size: abs(sizes[size] - budget))
        if abs(sizes[nearest] - budget) <= 0.01 * budget:
            assert Backbone(8, Heads, parameters=budget).cells[0][0].hidden_size == nearest
        else:
            with pytest.raises(UserError, match=f"the nearest, {nearest}, has {sizes[nearest]}"):
                Backbone(8, Heads, parameters=budget)
    with pytest.raises(UserError, match="nonlinearity cannot be 'tan'"):
        Backbone(8, partial(Elman, nonlinearity="tan"), parameters=20_000)


def test_budgets_that_cannot_be_met():
    with pytest.raises(UserError, match=r"within 1 % of 100 parameters; the nearest, 3, has 96"):
        Backbone(3, LSTM, parameters=100)
    with pytest.raises(UserError, match=r"the nearest, 1, has \d+"):
        Backbone(300, LSTM, parameters=5)
    with pytest.raises(UserError, match="parameters must be a positive integer, found 0"):
        Backbone(3, LSTM, parameters=0)


def test_a_budget_goes_before_a_hidden_size():
    assert Backbone(3, LSTM, 8, parameters=96).cells[0][0].hidden_size == 3


def test_the_default_size():
    assert Backbone(3).cells[0][0].hidden_size == 256


def counted(stack: Backbone, steps: int = 3, batch: int = 2) -> float:
    x = torch.zeros(batch, steps, stack.input_size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        stack(x)
    return counter.get_total_flops() / (steps * batch)


@pytest.mark.parametrize("cell", [*CELLS, partial(rnnbench.cells.MatrixLSTM, num_heads=2)])
def test_flops_of_every_cell_are_those_counted(cell):
    stack = Backbone(12, cell, 8, engine="reference").eval()
    assert stack.flops_per_token() == counted(stack)


STACKS = list(itertools.product(("plain", "residual", "dense"), (False, True), (1, 3)))


@pytest.mark.parametrize(("connect", "bidirectional", "layers"), STACKS)
def test_flops_of_stacks_are_those_counted(connect, bidirectional, layers):
    cell = partial(Zoneout, cell=GRU)
    options = {"connect": connect, "bidirectional": bidirectional, "num_layers": layers, "layer_norm": True}
    stack = Backbone(12, cell, 8, engine="reference", **options)
    assert stack.flops_per_token() == counted(stack)


def test_flops_by_hand():
    assert Elman(5, 7).flops_per_step() == 2 * (5 * 7 + 7 * 7)
    assert Backbone(5, LSTM, 7, 2, connect="residual").flops_per_token() == 2 * (28 * 5 + 3 * 28 * 7 + 5 * 7)

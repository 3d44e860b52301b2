"""Zoneout against its equations."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM, Elman, RNNCell, Zoneout
from rnnbench.errors import UserError
from rnnbench.testing import check_cell


def random_state(cell, batch):
    return tuple(torch.randn(batch, *shape).double() for shape in cell.state_spec())


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(LSTM, marks=pytest.mark.slow),
        pytest.param(GRU, marks=pytest.mark.slow),
        pytest.param(Elman, marks=pytest.mark.slow),
        partial(Zoneout, cell=GRU),
    ],
)
def test_contract_in_both_modes(inner):
    check_cell(partial(Zoneout, cell=inner, hidden=0.3, memory=0.6))


def test_expectation_in_evaluation():
    cell = Zoneout(5, 6, hidden=0.2, memory=0.7).double().eval()
    x, (h, c) = torch.randn(3, 5).double(), random_state(cell, 3)
    y, (new_h, new_c) = cell(x, (h, c))
    _, (fresh_h, fresh_c) = cell.cell(x, (h, c))
    torch.testing.assert_close(new_h, 0.2 * h + 0.8 * fresh_h)
    torch.testing.assert_close(new_c, 0.7 * c + 0.3 * fresh_c)
    assert torch.equal(y, new_h)


def test_units_keep_or_change_in_training():
    torch.manual_seed(0)
    cell = Zoneout(5, 100, hidden=0.2, memory=0.7).double()
    x, (h, c) = torch.randn(40, 5).double(), random_state(cell, 40)
    _, (new_h, new_c) = cell(x, (h, c))
    _, (fresh_h, fresh_c) = cell.cell(x, (h, c))
    for new, old, fresh, rate in ((new_h, h, fresh_h, 0.2), (new_c, c, fresh_c, 0.7)):
        assert torch.equal((new == old) ^ (new == fresh), torch.ones_like(new, dtype=torch.bool))
        assert (new == old).double().mean().item() == pytest.approx(rate, abs=0.03)
    kept = [(new == old) for new, old in ((new_h, h), (new_c, c))]
    both = (kept[0] & kept[1]).double().mean().item()
    assert both == pytest.approx(0.2 * 0.7, abs=0.03), "masks of their own for h and c"


def test_masks_change_from_step_to_step_and_come_from_project():
    torch.manual_seed(0)
    cell = Zoneout(5, 50, cell=GRU, hidden=0.5)
    z = cell.project(torch.zeros(2, 4, 5))
    assert z.shape == (2, 4, 150 + 50)
    masks = z[..., 150:]
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(masks[:, 0], masks[:, 1])
    state = cell.initial_state(2, z)
    assert torch.equal(cell.step(z[:, 0], state)[0], cell.step(z[:, 0], state)[0])


def test_no_rates_is_the_cell_inside():
    torch.manual_seed(0)
    cell = Zoneout(5, 6, hidden=0.0, memory=0.0)
    x = torch.randn(3, 5)
    state = cell.initial_state(3, x)
    assert torch.equal(cell(x, state)[0], cell.cell(x, state)[0])
    assert cell.project(x).shape == (3, 24)


def test_memory_alone():
    cell = Zoneout(5, 6, hidden=0.0, memory=0.5).eval()
    x, state = torch.randn(3, 5), tuple(torch.randn(3, 6) for _ in range(2))
    y, (h, c) = cell(x, state)
    fresh, (_, fresh_c) = cell.cell(x, state)
    assert torch.equal(y, fresh)
    assert torch.equal(h, fresh)
    torch.testing.assert_close(c, 0.5 * state[1] + 0.5 * fresh_c)


def test_it_is_the_cell_inside_to_the_backbone():
    cell = Zoneout(5, 6, cell=LSTM)
    assert cell.recurrent_weights == ("cell.weight_hh",)
    assert cell.get_parameter("cell.weight_hh") is cell.cell.weight_hh
    assert cell.flops_per_step() == LSTM(5, 6).flops_per_step()
    assert (cell.emits, cell.output_size, cell.state_spec()) == (0, 6, LSTM(5, 6).state_spec())


class Hides(Elman):
    emits = None

    def step(self, z, state):
        h, state = super().step(z, state)
        return 2 * h, state


def test_refusals():
    with pytest.raises(UserError, match="the output of Hides is no leaf of its state"):
        Zoneout(3, 4, cell=Hides)
    for name in ("hidden", "memory"):
        with pytest.raises(UserError, match=rf"Zoneout: {name} must be in \[0, 1\), found 1.0"):
            Zoneout(3, 4, **{name: 1.0})


class Table(RNNCell):
    """A state of several axes."""

    emits = 1

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = torch.nn.Parameter(torch.randn(hidden_size, input_size))

    def state_spec(self):
        return ((3, self.hidden_size), (self.hidden_size,))

    def step(self, z, state):
        rows, _ = state
        h = torch.tanh(torch.nn.functional.linear(z, self.weight) + rows[:, 0])
        return h, (torch.cat([rows[:, 1:], h[:, None]], 1), h)


def test_leaves_of_any_rank():
    check_cell(partial(Zoneout, cell=Table))
    torch.manual_seed(0)
    stack = Backbone(2, partial(Zoneout, cell=Table, memory=0.9), 4)
    assert stack(torch.randn(2, 5, 2))[1][0][0][0].shape == (2, 3, 4)

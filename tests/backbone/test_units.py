"""The units of a stack: which numbers of its state they are, and that holding one holds it and nothing else."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import leaves, map_state
from rnnbench.backbone.units import count_units, hold, units
from rnnbench.cells import GRU, LSTM, NTM, MultiplicativeLSTM, Zoneout
from rnnbench.cells.every import every_cell


def stack(cell, **options):
    torch.manual_seed(0)
    return Backbone(3, cell=cell, hidden_size=4, engine="reference", **options)


def state_of(backbone):
    torch.manual_seed(1)
    return map_state(torch.rand_like, backbone.initial_state(2, torch.zeros(())))


def test_of_an_lstm_the_cell_state_counts_and_of_a_gru_the_only_one_there_is():
    for cell in (LSTM, MultiplicativeLSTM, partial(Zoneout, cell=LSTM)):
        one = stack(cell, num_layers=2)
        state = state_of(one)
        assert torch.equal(units(one, state), torch.cat([state[0][0][1], state[1][0][1]], 1))
    one = stack(GRU, num_layers=2)
    state = state_of(one)
    assert torch.equal(units(one, state), torch.cat([state[0][0][0], state[1][0][0]], 1))


def test_a_memory_is_read_row_by_row():
    one = stack(partial(NTM, num_locations=5, location_size=3))
    state = state_of(one)
    memory = next(leaf for leaf in leaves(state) if leaf.shape[1:] == (5, 3))
    values = units(one, state)
    assert values.shape == (2, count_units(one))
    assert any(torch.equal(values[:, i : i + 15], memory.flatten(1)) for i in range(values.shape[1] - 14))


@pytest.mark.parametrize("cell", every_cell())
def test_what_is_held_has_the_value_and_all_else_stays(cell):
    import rnnbench.cells

    one = stack(getattr(rnnbench.cells, cell), num_layers=2)
    state = state_of(one)
    before = units(one, state)
    count = count_units(one)
    assert before.shape == (2, count)
    held = hold(one, state, {0: 2.0, count - 1: -3.0})
    after = units(one, held)
    assert after[:, 0].tolist() == [2.0, 2.0]
    assert after[:, -1].tolist() == [-3.0, -3.0]
    assert torch.equal(after[:, 1:-1], before[:, 1:-1])
    changed = sum(int((a != b).sum()) for a, b in zip(leaves(held), leaves(state), strict=True))
    assert changed == 4
    assert torch.equal(units(one, state), before), "the state itself is as it was"

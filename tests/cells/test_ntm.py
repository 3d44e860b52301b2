"""The neural Turing machine is what the paper says, head by head, and takes any controller."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.bench.plain_ntm import PlainNTM
from rnnbench.cells import GRU, LSTM, NTM, Elman, LayerNormLSTM, MatrixLSTM, Zoneout
from rnnbench.engine.auto import fastest_engine
from rnnbench.errors import UserError
from rnnbench.testing import check_cell

small = partial(NTM, num_locations=7, location_size=3)


@pytest.mark.parametrize("options", [{}, {"read_heads": 2, "write_heads": 3, "shift": 2}, {"shift": 0}])
def test_it_is_the_plain_one(options):
    torch.manual_seed(0)
    stack = Backbone(4, partial(small, **options), 5).double()
    (cell,) = stack.cells[0]
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(std=0.7)
    plain = PlainNTM(cell).double()
    x = torch.randn(3, 6, 4, dtype=torch.float64)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, expected = stack(ours)[0], plain(theirs)
    torch.testing.assert_close(y, expected, rtol=1e-10, atol=1e-12)
    weight = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view_as(y)
    (y * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(cell.cell.weight_hh.grad, plain.controller.weight_hh.grad, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(
        cell.weight_head.grad[: plain.reading[0].out_features], plain.reading[0].weight.grad, rtol=1e-9, atol=1e-12
    )


def driven(cell, hidden_to):
    """A step in which the numbers of the heads are set by hand, as biases; what the controller says does not matter."""
    with torch.no_grad():
        cell.weight_head.zero_()
        for rows, values in hidden_to.items():
            cell.bias_head[slice(*rows)] = torch.tensor(values)
    state = cell.initial_state(1, torch.zeros(()))
    _, state = cell(torch.zeros(1, cell.input_size), state)
    return state


# Of a head: key 0-2, shifts 3-5 (back, stay, on), beta 6, gamma 7, gate 8; the write head follows, then erase and add.
STAY, ON, BACK = [-20.0, 20.0, -20.0], [-20.0, -20.0, 20.0], [20.0, -20.0, -20.0]


def test_a_head_moves_around_the_memory():
    held = {(8, 9): [-20.0], (17, 18): [-20.0]}
    state = driven(small(2, 4), {**held, (3, 6): ON, (12, 15): BACK})
    reading, writing = small(2, 4).heads_of(state)
    assert int(reading.argmax()) == 1
    assert int(writing.argmax()) == 6
    torch.testing.assert_close(reading.sum(-1), torch.ones(1, 1))


def test_what_is_written_is_read_at_once_and_what_is_erased_is_gone():
    changes = {(18, 21): [20.0] * 3, (21, 24): [1.0, -2.0, 3.0]}
    held = {(8, 9): [-20.0], (17, 18): [-20.0], (3, 6): STAY, (12, 15): STAY}
    cell = small(2, 4)
    state = driven(cell, {**held, **changes})
    memory = state[-2]
    torch.testing.assert_close(memory[0, 0], torch.tensor([1.0, -2.0, 3.0]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(memory[0, 1:], torch.full((6, 3), 1e-6), rtol=0, atol=1e-5)
    into = cell.weight_read[cell.output_size :] @ torch.tensor([1.0, -2.0, 3.0])
    torch.testing.assert_close(state[-3][0], into, rtol=1e-3, atol=1e-3)
    _, again = cell(torch.zeros(1, 2), state)  # erased before it is added to: the same, not twice as much
    torch.testing.assert_close(again[-2][0, 0], memory[0, 0], rtol=1e-4, atol=1e-4)


def test_content_is_found():
    cell = small(2, 4)
    with torch.no_grad():
        cell.weight_head.zero_()
        cell.bias_head[:3] = torch.tensor([1.0, 0.0, 0.0])
        cell.bias_head[3:6] = torch.tensor(STAY)
        cell.bias_head[6] = 50.0  # beta
        cell.bias_head[8] = 20.0  # by content alone
        cell.bias_head[18:21] = -20.0  # nothing is erased
    *inner, read, memory, weights = cell.initial_state(1, torch.zeros(()))
    memory[0, 4] = torch.tensor([2.0, 0.1, 0.0])
    memory[0, 2] = torch.tensor([0.0, 2.0, 0.0])
    _, new = cell(torch.zeros(1, 2), (*inner, read, memory, weights))
    assert cell.heads_of(new)[0][0, 0, 4].item() > 0.99


@pytest.mark.parametrize("controller", [GRU, Elman, LayerNormLSTM, MatrixLSTM])
def test_any_controller(controller):
    cell = small(3, 4, cell=controller)
    assert cell.recurrent_weights == tuple(f"cell.{name}" for name in controller(3, 4).recurrent_weights)
    y, state = cell(torch.randn(2, 3), cell.initial_state(2, torch.zeros(())))
    assert y.shape == (2, 4)
    assert [leaf.shape[1:] for leaf in state] == list(cell.state_spec())


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{"cell": GRU}, {"cell": Elman}, {"cell": MatrixLSTM}, {"read_heads": 2, "write_heads": 2}, {"shift": 0}],
    ids=str,
)
def test_the_laws_hold_with_every_option(options):
    check_cell(partial(small, **options))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_locations": 0}, "num_locations must be an integer of at least 1, found 0"),
        ({"location_size": 0}, "location_size must be an integer of at least 1, found 0"),
        ({"read_heads": 0}, "read_heads must be an integer of at least 1, found 0"),
        ({"write_heads": -1}, "write_heads must be an integer of at least 1, found -1"),
        ({"shift": -1}, "shift must be an integer of at least 0, found -1"),
        ({"num_locations": 4, "shift": 2}, "heads that move by 2 either way need 5 locations, found 4"),
        ({"cell": Zoneout}, "Zoneout draws random masks in its projection"),
    ],
)
def test_what_means_nothing_is_refused(options, told):
    with pytest.raises(UserError, match=told):
        NTM(3, 4, **options)


def test_why_no_faster_engine_runs_it():
    engine, why = fastest_engine(NTM(3, 4))
    assert engine.name == "reference"
    assert "not on fused: a leaf of its state has more than one axis besides the batch" in why


def test_a_controller_of_its_own_in_a_configuration():
    """As the command line does it: the factory of the controller is an option of a factory."""
    stack = Backbone(3, partial(small, cell=partial(LSTM, forget_bias=3.0)), 4, num_layers=2, bidirectional=True)
    y, _ = stack(torch.randn(2, 5, 3), torch.tensor([5, 2]))
    assert y.shape == (2, 5, 8)

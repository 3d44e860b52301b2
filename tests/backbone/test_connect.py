"""Links, layer norm, merged directions and learned states, each against its equation written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rnnbench.backbone import Backbone
from rnnbench.backbone.state import detach, leaves, reset
from rnnbench.cells import GRU, LSTM, RNNCell
from rnnbench.errors import UserError


def alone(cell: RNNCell, x: torch.Tensor) -> torch.Tensor:
    """One cell over ``(B, T, I)``, step by step."""
    state, outputs = cell.initial_state(len(x), x), []
    for t in range(x.shape[1]):
        y, state = cell(x[:, t], state)
        outputs.append(y)
    return torch.stack(outputs, 1)


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 7, 5, dtype=torch.float64)


def test_residual_adds_what_the_layer_read(x):
    stack = Backbone(5, GRU, 4, num_layers=2, connect="residual").double()
    (first,), (second,) = stack.cells
    expected = alone(first, x) + x @ stack.links[0].projection.weight.T
    expected = alone(second, expected) + expected
    torch.testing.assert_close(stack(x)[0], expected)
    assert stack.links[1].projection is None, "no projection where the widths are equal"


def test_dense_reads_all_before_it(x):
    stack = Backbone(5, GRU, 4, num_layers=3, connect="dense").double()
    one, two, three = (cells[0] for cells in stack.cells)
    y1 = alone(one, x)
    y2 = alone(two, torch.cat([x, y1], -1))
    y3 = alone(three, torch.cat([x, y1, y2], -1))
    torch.testing.assert_close(stack(x)[0], torch.cat([x, y1, y2, y3], -1))
    assert stack.output_size == 5 + 3 * 4


def test_layer_norm_stands_before_the_link(x):
    stack = Backbone(5, GRU, 4, num_layers=2, connect="residual", layer_norm=True).double()
    for norm in stack.norms:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)

    def normalised(y, norm):
        return F.layer_norm(y, (4,), norm.weight, norm.bias)

    first = normalised(alone(stack.cells[0][0], x), stack.norms[0]) + x @ stack.links[0].projection.weight.T
    expected = normalised(alone(stack.cells[1][0], first), stack.norms[1]) + first
    torch.testing.assert_close(stack(x)[0], expected)
    padded = stack(x, torch.tensor([7, 2, 0]))[0]
    assert not padded[1, 2:].any(), "the bias of a norm is not in the padding"
    assert not padded[2].any()


def test_directions_are_summed(x):
    stack = Backbone(5, LSTM, 4, bidirectional=True, merge="sum").double()
    forwards, backwards = stack.cells[0]
    torch.testing.assert_close(stack(x)[0], alone(forwards, x) + alone(backwards, x.flip(1)).flip(1))
    assert stack.output_size == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"connect": "residul"},
            "one of plain, residual, dense, found 'residul'\ndid you mean: residual",
        ),
        ({"merge": "concatenate"}, "merge must be one of concat, sum, found 'concatenate'\ndid you mean: concat"),
        ({"recurrent_init": "orthogonl"}, "did you mean: orthogonal"),
        ({"weight_drop": 1.0}, r"weight_drop must be in \[0, 1\)"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        Backbone(3, hidden_size=4, **options)


def test_defaults_have_the_names_of_before():
    names = list(Backbone(3, LSTM, 4, num_layers=2, bidirectional=True).state_dict())
    assert names[:5] == [f"layers.0.0.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")] + [
        "layers.0.1.weight_ih"
    ]
    assert len(names) == 16


def test_the_learned_state_begins_at_the_cells_own_and_is_trained(x):
    torch.manual_seed(1)
    plain = Backbone(5, LSTM, 4, num_layers=2).double()
    torch.manual_seed(1)
    stack = Backbone(5, LSTM, 4, num_layers=2, learned_state=True).double()
    assert torch.equal(stack(x)[0], plain(x)[0])
    stack(x, torch.tensor([7, 3, 0]))[0].square().sum().backward()
    assert [tuple(leaf.shape) for leaf in stack.learned] == [(4,)] * 4
    assert all(leaf.grad.abs().sum() > 0 for leaf in stack.learned)
    with torch.no_grad():
        for leaf in stack.learned:
            leaf.uniform_()
    again = Backbone(5, LSTM, 4, num_layers=2, learned_state=True).double()
    again.load_state_dict(stack.state_dict())
    assert torch.equal(again(x)[0], stack(x)[0])
    assert not torch.equal(again(x)[0], plain(x)[0])


def test_learned_states_in_truncated_backpropagation(x):
    """A strip that starts anew trains the initial state; one that goes on does not reach it."""
    stack = Backbone(5, GRU, 4, learned_state=True).double()
    carried = detach(stack(x)[1])
    for starts, trained in (([False] * 3, False), ([False, True, False], True)):
        stack.zero_grad()
        state = reset(carried, torch.tensor(starts), stack.initial_state(3, x))
        stack(x, state=state)[0].square().sum().backward()
        assert bool(stack.learned[0].grad.any()) == trained
    assert not any(leaf.requires_grad for leaf in leaves(carried))


def test_orthogonal_blocks():
    torch.manual_seed(0)
    stack = Backbone(5, LSTM, 8, num_layers=2, bidirectional=True, recurrent_init="orthogonal").double()
    for cell in (cell for cells in stack.cells for cell in cells):
        for block in cell.weight_hh.split(8):
            torch.testing.assert_close(block @ block.T, torch.eye(8, dtype=torch.float64), rtol=0, atol=1e-6)
        assert cell.weight_ih.abs().max() <= 8**-0.5, "the other weights are the cell's own"

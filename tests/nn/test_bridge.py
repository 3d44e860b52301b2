"""Bridges: every cell, every kind, every number of layers and directions."""

from functools import partial

import pytest
import torch

import rnnbench.backbone
import rnnbench.cells
from rnnbench.backbone.state import leaves
from rnnbench.cells import GRU, LSTM, RNNCell, Zoneout
from rnnbench.errors import UserError
from rnnbench.nn.bridge import Bridge, last_output

# No cell has to be compiled for this.
Backbone = partial(rnnbench.backbone.Backbone, engine="reference")
CELLS = [getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__ if name not in ("RNNCell", "State")]


def read(backbone):
    torch.manual_seed(0)
    return backbone(torch.randn(3, 5, 4), torch.tensor([5, 1, 3]))[1]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("kind", ["copy", "linear", "zero"])
def test_every_cell_goes_on(cell: type[RNNCell], kind):
    directions = kind != "copy"
    encoder = Backbone(4, cell, 8, num_layers=2, bidirectional=directions)
    decoder = Backbone(4, cell, 8, num_layers=2)
    state = Bridge(encoder.cells, decoder.cells, kind)(read(encoder), torch.zeros(3, 1))
    y, state = decoder(torch.randn(3, 4, 4), state=state)
    y, state = decoder.step(torch.randn(3, 4), state)
    y.sum().backward()
    assert all(leaf.isfinite().all() for leaf in (y, *leaves(state)))


def test_copy_is_a_copy():
    encoder, decoder = Backbone(4, LSTM, 8, num_layers=2), Backbone(4, LSTM, 8, num_layers=2)
    state = read(encoder)
    bridge = Bridge(encoder.cells, decoder.cells, "copy")
    assert all(map(torch.equal, leaves(bridge(state, torch.zeros(3, 1))), leaves(state)))
    assert not list(bridge.parameters())


def test_copy_of_two_directions_side_by_side():
    encoder, decoder = Backbone(4, GRU, 3, bidirectional=True), Backbone(4, GRU, 6)
    state = read(encoder)
    (copied,) = leaves(Bridge(encoder.cells, decoder.cells, "copy")(state, torch.zeros(3, 1)))
    assert torch.equal(copied, torch.cat([state[0][0][0], state[0][1][0]], 1))


def test_linear():
    encoder, decoder = Backbone(4, LSTM, 3, bidirectional=True), Backbone(4, LSTM, 5)
    state = read(encoder)
    bridge = Bridge(encoder.cells, decoder.cells, "linear")
    for leaf, found in enumerate(leaves(bridge(state, torch.zeros(3, 1)))):
        both = torch.cat([state[0][0][leaf], state[0][1][leaf]], 1)
        assert torch.equal(found, torch.tanh(bridge.linear[f"0_{leaf}"](both)))


def test_layers_are_matched_from_the_top():
    encoder, shallow, deep = (Backbone(4, GRU, 6, num_layers=n) for n in (2, 1, 3))
    state = read(encoder)
    (top,) = leaves(Bridge(encoder.cells, shallow.cells, "copy")(state, torch.zeros(3, 1)))
    assert torch.equal(top, state[1][0][0])
    first, second, third = leaves(Bridge(encoder.cells, deep.cells, "copy")(state, torch.zeros(3, 1)))
    assert torch.equal(first, second)
    assert torch.equal(second, state[0][0][0])
    assert torch.equal(third, state[1][0][0])


def test_zero_begins_as_the_cell_begins():
    encoder, decoder = Backbone(4, LSTM, 3), Backbone(4, rnnbench.cells.ScalarLSTM, 5)
    found = leaves(Bridge(encoder.cells, decoder.cells, "zero")(read(encoder), torch.zeros(3, 1)))
    assert all(map(torch.equal, found, decoder.cells[0][0].initial_state(3, torch.zeros(1))))


def test_another_cell_decodes():
    encoder, decoder = Backbone(4, LSTM, 3, bidirectional=True), Backbone(4, GRU, 5)
    (found,) = leaves(Bridge(encoder.cells, decoder.cells, "linear")(read(encoder), torch.zeros(3, 1)))
    assert found.shape == (3, 5)


def test_last_output():
    backbone = Backbone(4, Zoneout, 6, num_layers=2)
    y, state = backbone(torch.randn(3, 5, 4))
    assert torch.equal(last_output(backbone.cells, state, 6), y[:, -1])
    assert torch.equal(last_output(backbone.cells, state, 7), torch.zeros(3, 7))


def test_refusals():
    encoder, decoder = Backbone(4, GRU, 3), Backbone(4, GRU, 5)
    with pytest.raises(UserError, match=r"last state has the shapes \[\(3,\)\], the decoder's \[\(5,\)\]"):
        Bridge(encoder.cells, decoder.cells, "copy")
    with pytest.raises(UserError, match="did you mean: linear"):
        Bridge(encoder.cells, decoder.cells, "liner")
    with pytest.raises(UserError, match="no copy fits"):
        Bridge(Backbone(4, LSTM, 3).cells, Backbone(4, GRU, 3).cells, "copy")

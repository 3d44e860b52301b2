"""What is timed is what it is said to be: all variants compute the same gradients."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.bench.lengths import draw_lengths, length_batches, padding
from rnnbench.bench.shapes import SHAPES, Shape
from rnnbench.bench.steps import engine_step, full_batch, layer_step, limit_step, make_layer, naive_step
from rnnbench.bench.subjects import SAME, all_cells, counterpart, product_flops, relative_flops
from rnnbench.cells import LSTM

SHAPE = Shape(7, 4, 5, 6)


def same_layer(name):
    cell = SAME[name](SHAPE.inputs, SHAPE.hidden)
    layer = make_layer(name, SHAPE)
    layer.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    return cell, layer


@pytest.mark.parametrize("name", SAME)
def test_engine_loop_and_layer_agree(name):
    cell, layer = same_layer(name)
    batches = [full_batch(SHAPE, SHAPE.hidden)]
    steps = [engine_step(cell, "reference", batches), naive_step(cell, batches), layer_step(layer, batches)]
    expected, *others = (step() for step in steps)
    assert len(expected) == 5
    for found in others:
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("order", ["random", "bucketed"])
def test_different_lengths_agree(order):
    cell, layer = same_layer("LSTM")
    batches = length_batches(draw_lengths("uniform", SHAPE), order, SHAPE, SHAPE.hidden)[:1]
    expected = engine_step(cell, "reference", batches)()
    for packed in (False, True):
        torch.testing.assert_close(layer_step(layer, batches, packed)(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("distribution", ["uniform", "skewed"])
def test_both_orders_hold_the_same_sequences(distribution):
    lengths = draw_lengths(distribution, SHAPES["M"])
    assert torch.equal(lengths, draw_lengths(distribution, SHAPES["M"]))
    assert int(lengths.min()) >= (50 if distribution == "uniform" else 1)
    assert int(lengths.max()) <= 100
    shape = Shape(*SHAPES["M"][:2], 1, 1)
    for order in ("random", "bucketed"):
        batches = length_batches(lengths, order, shape, 1)
        held = torch.cat([batch.lengths for batch in batches])
        assert torch.equal(held.sort().values, lengths.sort().values)
        for batch in batches:
            assert batch.x.shape[1] == batch.lengths.max()
            past = torch.arange(batch.x.shape[1]) >= batch.lengths[:, None]
            assert not batch.gradient[past].any()
            assert batch.gradient[~past].all()
        steps = sum(batch.x.shape[0] * batch.x.shape[1] for batch in batches)
        assert padding(lengths, order, shape) == pytest.approx(steps / int(lengths.sum()))
    assert padding(lengths, "bucketed", shape) < padding(lengths, "random", shape)


def test_flops_of_an_lstm():
    assert product_flops(LSTM(3, 5)) == 2 * 4 * 5 * (3 + 5)


@pytest.mark.parametrize("name", all_cells())
def test_the_limit_has_the_flops_of_the_cell(name, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)  # its products are not counted
    shape = Shape(3, 2, 40, 40)
    cell = all_cells()[name](shape.inputs, shape.hidden)
    step = limit_step(cell, shape)
    with FlopCounterMode(display=False) as counter:
        step()
    assert counter.get_total_flops() == pytest.approx(3 * 3 * 2 * product_flops(cell), rel=0.03)


def test_the_limit_runs_where_onednn_is():
    limit_step(LSTM(8, 8), Shape(3, 2, 8, 8))()


def test_counterparts():
    known = {"LSTM": ("LSTM", 1), "GRU": ("GRU", 1), "Elman": ("RNN", 1), "CoupledLSTM": ("LSTM", 0.75)}
    known |= {"MGU": ("GRU", 2 / 3), "LeakyRNN": ("RNN", 1), "MultiplicativeLSTM": ("LSTM", 1.25)}
    cells = all_cells()
    assert {name: counterpart(cells[name]) for name in known} == {name: layer for name, (layer, _) in known.items()}
    for name, (_, flops) in known.items():
        assert relative_flops(cells[name]) == pytest.approx(flops)

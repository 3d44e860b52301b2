"""The translation to JAX computes what the cell does."""

import sys

import pytest
import torch

from rnnbench.bench.jax_scan import Unavailable, jax_gradients, jax_step
from rnnbench.bench.shapes import Shape
from rnnbench.bench.steps import engine_step, full_batch
from rnnbench.bench.subjects import all_cells
from rnnbench.cells import LSTM, RNNCell

SHAPE = Shape(6, 3, 8, 8)


@pytest.mark.parametrize("name", all_cells())
def test_gradients_are_those_of_the_reference(name):
    pytest.importorskip("jax")
    torch.manual_seed(0)
    # In training Zoneout draws random numbers, which JAX has others of.
    cell = all_cells()[name](SHAPE.inputs, SHAPE.hidden).eval()
    batch = full_batch(SHAPE, cell.output_size)
    expected = engine_step(cell, "reference", [batch])()
    x, weights = jax_gradients(cell, batch)()
    for found, wanted in zip([x.swapaxes(0, 1), *weights], expected, strict=True):
        wanted = torch.zeros(found.shape) if wanted is None else wanted
        scale = max(float(wanted.abs().max()), 1e-2)
        assert float((torch.tensor(found.tolist()) - wanted).abs().max()) <= 1e-5 * scale


class Odd(RNNCell):
    """Uses an operation that has no rule."""

    def step(self, z, state):
        y = torch.lgamma(z + state[0])
        return y, (y,)


def test_an_operation_without_a_rule_is_named():
    pytest.importorskip("jax")
    with pytest.raises(Unavailable, match="Odd: no rule for lgamma in JAX"):
        jax_step(Odd(8, 8), full_batch(SHAPE, 8))


def test_without_jax_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(Unavailable, match="JAX is not installed"):
        jax_step(LSTM(8, 8), full_batch(SHAPE, 8))

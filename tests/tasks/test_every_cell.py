"""Any cell of the factory runs on any application by changing one option."""

import functools

import pytest
import torch

from rnnbench.applications import applications
from rnnbench.backbone import Backbone, CellNetwork
from rnnbench.bench.subjects import all_cells
from rnnbench.bench.training_step import instantiate

# The quick preset of each application, made tiny.
PRESETS = {name: [one.card.quick, *one.card.tiny] for name, one in applications().items()}
# Its quick preset is a memory network, which has no cell.
PRESETS["question_answering"] = [
    "question_answering/builtin_lstm", "--data.source.train=60", "--data.source.held_out=24", "--data.batch_size=8",
    "--model.backbone.hidden_size=6",
]  # fmt: skip

# Vectors of words are learned without a cell.
del PRESETS["word_vectors"]

# A probe reads a network, and trains nothing: tests/tasks/probe has every cell read.
del PRESETS["probe"]


@functools.cache
def data_of(application):
    """Data, a batch, and the options of the engine, which networks over anything but time do without."""
    model, data = instantiate(PRESETS[application])
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    over_time = any(isinstance(part, Backbone) for part in model.modules())
    return data, next(iter(data.train_dataloader())), ["--model.backbone.engine", "reference"] if over_time else []


def combinations():
    """Every cell with every application; by default every second cell with one of them, each with another."""
    return [
        pytest.param(
            application, cell, marks=[] if place == number % len(PRESETS) and number % 2 == 0 else [pytest.mark.slow]
        )
        for number, cell in enumerate(all_cells())
        for place, application in enumerate(PRESETS)
    ]


@pytest.mark.filterwarnings("ignore:.*self.log")
@pytest.mark.parametrize(("application", "cell"), combinations())
def test_a_training_step(application, cell):
    data, batch, engine = data_of(application)
    model, _ = instantiate([*PRESETS[application], "--model.backbone.cell", f"rnnbench.cells.{cell}", *engine])
    model.use_spec(data.spec)
    loss = model.training_step(batch, 0)
    loss.backward()
    assert model.cell_name() == cell
    assert torch.isfinite(loss)
    stacks = [part for part in model.modules() if isinstance(part, CellNetwork)]
    gradients = [weight.grad for stack in stacks for weight in stack.parameters()]
    assert all(torch.isfinite(gradient).all() for gradient in gradients if gradient is not None)
    assert any(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)
    with torch.no_grad():
        torch.optim.SGD(model.parameters(), lr=1e-3).step()
        assert torch.isfinite(model.training_step(batch, 1))

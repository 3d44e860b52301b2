"""Gradient checkpointing over time changes memory, and nothing else."""

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.backbone.regularize import Dropout
from rnnbench.backbone.state import leaves
from rnnbench.cells import LRU, LSTM, Zoneout
from rnnbench.cells.every import every_cell
from rnnbench.errors import UserError

LENGTHS = torch.tensor([7, 0, 4])


def trained(stack, lengths=LENGTHS, steps=7):
    """Output, last state and all gradients, from the same random numbers each time."""
    torch.manual_seed(1)
    stack.zero_grad()
    x = torch.randn(3, steps, stack.input_size).to(next(stack.parameters()).dtype).requires_grad_()
    y, state = stack(x, lengths)
    sum(part.float().square().sum() for part in (y, *leaves(state))).backward()
    gradients = [one.grad for one in stack.parameters() if one.grad is not None]
    return [y, *leaves(state), x.grad, *gradients]


def compare(stack, size, lengths=LENGTHS, **tolerance):
    whole = trained(stack, lengths)
    stack.gradient_checkpointing = size
    for found, wanted in zip(trained(stack, lengths), whole, strict=True):
        torch.testing.assert_close(found, wanted, **tolerance)


@pytest.mark.parametrize("cell", every_cell().values(), ids=list(every_cell()))
def test_every_cell(cell):
    torch.manual_seed(0)
    # Without noise of the cell's own: what is drawn for a piece has another shape.
    compare(Backbone(4, cell, 4, engine="reference").double().eval(), 3, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("engine", ["auto", "torch", "reference"])
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_engines_directions_and_pieces(engine, size):
    torch.manual_seed(0)
    for lengths in (LENGTHS, None):
        stack = Backbone(5, LSTM, 4, num_layers=2, bidirectional=True, learned_state=True, engine=engine).double()
        compare(stack, size, lengths, rtol=1e-9, atol=1e-11)
    compare(Backbone(5, LRU, 4, engine="auto"), size, rtol=1e-4, atol=1e-5)


def test_the_same_masks_in_both_passes():
    torch.manual_seed(0)
    rates = Dropout(input=0.2, between=0.3, state=0.2, output=0.1)
    stack = Backbone(5, LSTM, 4, num_layers=2, dropout=rates, weight_drop=0.4).double()
    compare(stack, 3, rtol=1e-9, atol=1e-11)
    stack = Backbone(5, lambda inputs, hidden: Zoneout(inputs, hidden, cell=LSTM, hidden=0.3), 4).double()
    compare(stack, 7, rtol=1e-9, atol=1e-11)


def test_autocast():
    torch.manual_seed(0)
    stack = Backbone(5, LSTM, 4, num_layers=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        compare(stack, 3, rtol=2e-2, atol=2e-2)


def kept(stack, steps):
    """Bytes that the backward pass holds outside of the piece it is in."""
    held = {}

    def pack(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _ = trained(stack, None, steps)
    return sum(held.values())


def test_less_is_kept():
    """Input and output are, and of what is in between a state for each piece."""
    stack = Backbone(8, LSTM, 32, engine="reference")
    whole = kept(stack, 64)
    stack.gradient_checkpointing = 8
    assert kept(stack, 64) < 0.3 * whole


def test_nothing_is_run_twice_without_gradients(monkeypatch):
    stack = Backbone(5, LSTM, 4, gradient_checkpointing=2).eval()
    calls = []
    run = type(stack.engine).run
    monkeypatch.setattr(type(stack.engine), "run", lambda *given: (calls.append(1), run(*given))[1])
    with torch.no_grad():
        stack(torch.randn(2, 6, 5))
    assert len(calls) == 1


def test_bad_size():
    with pytest.raises(UserError, match="gradient_checkpointing must be at least 1, found 0"):
        Backbone(5, LSTM, 4, gradient_checkpointing=0)

"""torch.nn's layers, as users know them, against the backbone with copied weights."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM, Elman, MatrixLSTM
from rnnbench.engine import select_engine
from rnnbench.engine.auto import fastest_engine
from rnnbench.errors import UserError


class LongMemory(LSTM):
    """A subclass with another step: torch.nn's layer would ignore it."""

    def step(self, z, state):
        h, (h, c) = super().step(z, state)
        return h, (h, c + 1)


def copy_weights(theirs, ours):
    for k, cells in enumerate(ours.layers):
        for cell, suffix in zip(cells, ("", "_reverse"), strict=False):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                getattr(cell, name).data = getattr(theirs, f"{name}_l{k}{suffix}").data.clone()


@pytest.mark.parametrize("engine", ["reference", "torch", "fused"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("cell", "layer"), [(LSTM, nn.LSTM), (GRU, nn.GRU), (Elman, nn.RNN)])
def test_equals_torch_nn(cell, layer, packed, bidirectional, engine):
    torch.manual_seed(0)
    theirs = layer(5, 7, num_layers=2, bidirectional=bidirectional, batch_first=True).double()
    ours = Backbone(5, cell, 7, num_layers=2, bidirectional=bidirectional, engine=engine).double()
    copy_weights(theirs, ours)
    x, lengths = torch.randn(4, 9, 5).double(), torch.tensor([9, 2, 5, 1])
    y, state = ours(x, lengths if packed else None)
    if packed:
        output, last = theirs(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        output, _ = pad_packed_sequence(output, batch_first=True)
    else:
        output, last = theirs(x)
    torch.testing.assert_close(y, output, rtol=1e-12, atol=1e-13)
    last = last if isinstance(last, tuple) else (last,)
    for leaf, expected in enumerate(last):
        found = torch.stack([direction[leaf] for layer_state in state for direction in layer_state])
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_auto_never_takes_a_subclass_for_its_parent():
    cell = LongMemory(3, 4)
    assert fastest_engine(cell)[0].name == "fused"
    with pytest.raises(UserError, match="torch engine cannot run LongMemory"):
        select_engine(cell, "torch")


def test_auto_takes_the_fused_engine():
    assert fastest_engine(LSTM(3, 4))[0].name == "fused"
    assert fastest_engine(Elman(3, 4, nonlinearity="sigmoid"))[0].name == "fused"


def test_unknown_engine():
    with pytest.raises(UserError, match="did you mean: torch"):
        select_engine(LSTM(3, 4), "toch")


@pytest.mark.parametrize("engine", ["reference", "torch", "fused"])
def test_engines_read_the_parameters_they_are_given(engine):
    torch.manual_seed(0)
    cell = LSTM(3, 4)
    params = {name: torch.zeros_like(value) for name, value in cell.named_parameters()}
    x = torch.randn(2, 5, 3)
    y, _ = select_engine(cell, engine).run(cell, params, x, cell.initial_state(2, x), None)
    assert torch.equal(y, torch.zeros_like(y))


@pytest.mark.parametrize("engine", ["reference", "torch", "fused", "chunkwise"])
def test_outputs_are_zero_past_each_length_and_so_are_the_gradients_behind_them(engine):
    torch.manual_seed(0)
    cell = (MatrixLSTM if engine == "chunkwise" else LSTM)(3, 4)
    x, lengths = torch.randn(3, 5, 3, requires_grad=True), torch.tensor([5, 0, 2])
    y, _ = select_engine(cell, engine).run(cell, dict(cell.named_parameters()), x, cell.initial_state(3, x), lengths)
    past = torch.arange(5) >= lengths[:, None]
    assert not y[past].any()
    assert y[~past].all()
    (gradient,) = torch.autograd.grad(y, x, torch.full_like(y, torch.nan).where(past[..., None], 1.0))
    assert not gradient[past].any()
    assert gradient[~past].isfinite().all()

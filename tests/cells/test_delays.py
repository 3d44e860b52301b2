"""Cells with delays against convolution, explicit lists of past values, interleaved sequences."""

from functools import partial

import pytest
import torch
from torch.nn import functional

from rnnbench.backbone import Backbone
from rnnbench.cells import NARX, TDNN, DilatedRNN, TimeSkipRNN
from rnnbench.errors import UserError
from rnnbench.testing import check_cell

VARIANTS = [
    partial(TDNN, taps=2),
    partial(TDNN, taps=12),
    partial(NARX, input_taps=1, output_taps=1),
    partial(NARX, input_taps=1, output_taps=4),
    partial(NARX, input_taps=4, output_taps=1),
    partial(NARX, nonlinearity="relu"),
    partial(TimeSkipRNN, skip=2),
    partial(TimeSkipRNN, skip=12),
    partial(DilatedRNN, dilation=1),
    partial(DilatedRNN, dilation=4),
]


@pytest.mark.slow
@pytest.mark.parametrize("factory", VARIANTS, ids=str)
def test_variants_keep_the_laws(factory):
    check_cell(factory)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 11, 4, dtype=torch.float64)


def run(factory, x):
    """The cell, and its output over a sequence (B, T, H)."""
    stack = Backbone(x.shape[2], factory, 5, engine="reference").double()
    return stack.cells[0][0], stack(x)[0]


def past(values, delay):
    """The value of ``delay`` steps ago; zeros before the first."""
    return values[-delay] if delay <= len(values) else torch.zeros(3, 5, dtype=torch.float64)


@pytest.mark.parametrize("taps", [2, 3, 5, 20])
def test_tdnn_is_a_causal_convolution(x, taps):
    cell, y = run(partial(TDNN, taps=taps), x)
    kernel = cell.weight_ih.view(taps, 5, 4).flip(0).permute(1, 2, 0)  # conv1d's last weight sees the newest input
    padded = functional.pad(x.transpose(1, 2), (taps - 1, 0))
    torch.testing.assert_close(y, torch.tanh(functional.conv1d(padded, kernel, cell.bias_ih)).transpose(1, 2))


def test_tdnn_has_a_finite_response(x):
    cell, y = run(partial(TDNN, taps=3), x)
    other = x.clone()
    other[:, 4] += 1
    stack = Backbone(4, lambda *_: cell, 5, engine="reference")
    changed = (stack(other)[0] != y).any(-1).any(0)
    assert changed.nonzero().flatten().tolist() == [4, 5, 6]


@pytest.mark.parametrize(("input_taps", "output_taps"), [(1, 1), (3, 3), (1, 4), (4, 1), (2, 5), (5, 2)])
def test_narx_sees_lists_of_past_inputs_and_outputs(x, input_taps, output_taps):
    cell, y = run(partial(NARX, input_taps=input_taps, output_taps=output_taps), x)
    inputs, outputs = cell.weight_ih.view(input_taps, 5, 4), cell.weight_hh.view(output_taps, 5, 5)
    history = []
    for t in range(11):
        total = cell.bias_ih + sum(x[:, t - k] @ inputs[k].T for k in range(input_taps) if k <= t)
        total = total + sum(past(history, j) @ outputs[j - 1].T for j in range(1, output_taps + 1))
        history.append(torch.tanh(total))
    torch.testing.assert_close(y, torch.stack(history, 1))


@pytest.mark.parametrize("skip", [2, 4, 7])
def test_time_skip_sees_the_last_state_and_an_old_one(x, skip):
    cell, y = run(partial(TimeSkipRNN, skip=skip), x)
    history = []
    for t in range(11):
        total = x[:, t] @ cell.weight_ih.T + past(history, 1) @ cell.weight_hh.T + cell.bias_ih
        history.append(torch.tanh(total + past(history, skip) @ cell.weight_skip.T))
    torch.testing.assert_close(y, torch.stack(history, 1))


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_dilated_is_interleaved_sequences(x, dilation):
    cell, y = run(partial(DilatedRNN, dilation=dilation), x)
    plain = Backbone(4, partial(DilatedRNN, dilation=1), 5, engine="reference").double()
    plain.cells[0][0].load_state_dict(cell.state_dict())
    for offset in range(dilation):
        alone, _ = plain(x[:, offset::dilation])
        torch.testing.assert_close(y[:, offset::dilation], alone)


def test_a_delay_of_one_is_an_elman_network(x):
    cell, y = run(partial(DilatedRNN, dilation=1), x)
    layer = torch.nn.RNN(4, 5, batch_first=True).double()
    weights = (cell.weight_ih, cell.weight_hh, cell.bias_ih, torch.zeros_like(cell.bias_ih))
    for parameter, value in zip(layer.parameters(), weights, strict=True):
        parameter.data.copy_(value)
    torch.testing.assert_close(y, layer(x)[0])
    narx, y = run(partial(NARX, input_taps=1, output_taps=1), x)
    for parameter, value in zip(
        layer.parameters(), (narx.weight_ih, narx.weight_hh, narx.bias_ih, narx.bias_ih * 0), strict=True
    ):
        parameter.data.copy_(value)
    torch.testing.assert_close(y, layer(x)[0])


@pytest.mark.parametrize("kind", [TimeSkipRNN, DilatedRNN])
def test_the_state_is_the_last_outputs_newest_first(x, kind):
    stack = Backbone(4, partial(kind, **{"skip" if kind is TimeSkipRNN else "dilation": 3}), 5, engine="reference")
    y, ((state,),) = stack.double()(x)
    assert all(torch.equal(leaf, y[:, -1 - age]) for age, leaf in enumerate(state))


@pytest.mark.parametrize(
    ("kind", "option", "value", "least"),
    [
        (TDNN, "taps", 1, 2),
        (TDNN, "taps", 2.0, 2),
        (NARX, "input_taps", 0, 1),
        (NARX, "output_taps", True, 1),
        (TimeSkipRNN, "skip", 1, 2),
        (DilatedRNN, "dilation", 0, 1),
        (DilatedRNN, "dilation", "2", 1),
    ],
)
def test_delays_out_of_range(kind, option, value, least):
    message = f"{kind.__name__}: {option} must be an integer of at least {least}, found {value!r}"
    with pytest.raises(UserError, match=message):
        kind(3, 3, **{option: value})

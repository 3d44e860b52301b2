"""Each LSTM against its equations, written with one matrix a gate; special cases; what is refused."""

from functools import partial
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from rnnbench.backbone import Backbone
from rnnbench.cells import (
    LSTM,
    CoupledLSTM,
    GreffLSTM,
    LayerNormLSTM,
    MultiplicativeLSTM,
    NoForgetLSTM,
    PeepholeLSTM,
    ProjectedLSTM,
)
from rnnbench.cells.peephole import GreffVariant
from rnnbench.errors import UserError


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def sums(case, order):
    """W x + b + U (h' d) of each gate, from the rows that belong to it."""
    size = case.cell.hidden_size
    found = {}
    for row, gate in enumerate(order):
        rows = slice(row * size, (row + 1) * size)
        found[gate] = case.x @ case.weight_ih[rows].T + case.bias_ih[rows]
        found[gate] += (case.state[0] * case.mask) @ case.weight_hh[rows].T
    return found


def check(case, *expected):
    assert len(case.new) == len(expected)
    for found, leaf in zip(case.new, expected, strict=True):
        assert_allclose(found, leaf, rtol=1e-12, atol=1e-13)
    assert_allclose(case.y, expected[0], rtol=1e-12, atol=1e-13)


def test_no_forget(one_step):
    case = one_step(NoForgetLSTM)
    a = sums(case, "igo")
    c = case.state[1] + sigmoid(a["i"]) * np.tanh(a["g"])
    check(case, sigmoid(a["o"]) * np.tanh(c), c)


def test_coupled(one_step):
    case = one_step(CoupledLSTM)
    a = sums(case, "fgo")
    f = sigmoid(a["f"])
    c = f * case.state[1] + (1 - f) * np.tanh(a["g"])
    check(case, sigmoid(a["o"]) * np.tanh(c), c)


def test_projected(one_step):
    case = one_step(partial(ProjectedLSTM, projection_size=2))
    case.bias_ih = case.bias_ih + case.bias_hh
    a = sums(case, "ifgo")
    c = sigmoid(a["f"]) * case.state[1] + sigmoid(a["i"]) * np.tanh(a["g"])
    check(case, (sigmoid(a["o"]) * np.tanh(c)) @ case.weight_hr.T, c)


@pytest.mark.parametrize("output_peephole", ["new", "old"])
def test_peephole(one_step, output_peephole):
    case = one_step(partial(PeepholeLSTM, output_peephole=output_peephole))
    a, old = sums(case, "ifgo"), case.state[1]
    i, f = (sigmoid(a[gate] + getattr(case, f"peephole_{gate}") * old) for gate in "if")
    c = f * old + i * np.tanh(a["g"])
    o = sigmoid(a["o"] + case.peephole_o * (c if output_peephole == "new" else old))
    check(case, o * np.tanh(c), c)


def normalise(a, scale, shift=0.0):
    return scale * (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-5) + shift


def test_layer_norm(one_step):
    case = one_step(LayerNormLSTM)
    from_x = normalise(case.x @ case.weight_ih.T, case.norm_ih_weight)
    from_h = normalise((case.state[0] * case.mask) @ case.weight_hh.T, case.norm_hh_weight)
    i, f, g, o = np.split(from_x + from_h + case.bias_ih, 4, axis=-1)
    c = sigmoid(f) * case.state[1] + sigmoid(i) * np.tanh(g)
    check(case, sigmoid(o) * np.tanh(normalise(c, case.norm_c_weight, case.norm_c_bias)), c)


def test_multiplicative(one_step):
    case = one_step(MultiplicativeLSTM)
    size = case.cell.hidden_size
    m = (case.x @ case.weight_ih[4 * size :].T) * ((case.state[0] * case.mask) @ case.weight_mh.T)
    i, f, g, o = (
        case.x @ case.weight_ih[rows].T + case.bias_ih[rows] + m @ case.weight_hh[rows].T
        for rows in (slice(row * size, (row + 1) * size) for row in range(4))
    )
    c = sigmoid(f) * case.state[1] + sigmoid(i) * np.tanh(g)
    check(case, sigmoid(o) * np.tanh(c), c)


def greff_by_hand(case, variant):
    """Each variant as its own equations, none sharing a line with the cell."""
    order = {"NIG": "fgo", "CIFG": "fgo", "NFG": "igo", "NOG": "ifg"}.get(variant, "ifgo")
    a, old = sums(case, order), case.state[1]
    zero = np.zeros_like(old)

    def peephole(gate):
        return getattr(case, f"peephole_{gate}", zero)

    if variant == "FGR":
        before = {gate: leaf * case.mask for gate, leaf in zip("ifo", case.state[2:], strict=True)}
        size = case.cell.hidden_size
        for to, gate in enumerate("ifo"):
            for source, other in enumerate("ifo"):
                block = case.weight_gates[to * size : (to + 1) * size, source * size : (source + 1) * size]
                a[gate] = a[gate] + before[other] @ block.T
    f = 1 + zero if variant == "NFG" else sigmoid(a["f"] + peephole("f") * old)
    if variant == "NIG":
        i = 1 + zero
    elif variant == "CIFG":
        i = 1 - f
    else:
        i = sigmoid(a["i"] + peephole("i") * old)
    c = f * old + i * (a["g"] if variant == "NIAF" else np.tanh(a["g"]))
    o = 1 + zero if variant == "NOG" else sigmoid(a["o"] + peephole("o") * c)
    h = o * (c if variant == "NOAF" else np.tanh(c))
    return (h, c, i, f, o) if variant == "FGR" else (h, c)


@pytest.mark.parametrize("variant", get_args(GreffVariant))
def test_greff(one_step, variant):
    case = one_step(partial(GreffLSTM, variant=variant))
    check(case, *greff_by_hand(case, variant))


# Parameters of the LSTM with one bias, and what a variant has more (+) or less (-): gates are G = H (I + H + 1).
@pytest.mark.parametrize(
    ("variant", "gates", "peepholes", "matrices"),
    [
        ("V", 4, 3, 0),
        ("NIG", 3, 2, 0),
        ("NFG", 3, 2, 0),
        ("NOG", 3, 2, 0),
        ("NIAF", 4, 3, 0),
        ("NOAF", 4, 3, 0),
        ("CIFG", 3, 2, 0),
        ("NP", 4, 0, 0),
        ("FGR", 4, 3, 9),
    ],
)
def test_a_greff_variant_has_no_parameter_that_it_does_not_use(variant, gates, peepholes, matrices):
    cell = GreffLSTM(4, 5, variant=variant)
    count = sum(parameter.numel() for parameter in cell.parameters())
    assert count == gates * 5 * (4 + 5 + 1) + peepholes * 5 + matrices * 25
    y, state = cell(torch.randn(3, 4), tuple(torch.randn_like(leaf) for leaf in cell.initial_state(3, torch.zeros(()))))
    (y.sum() + sum(leaf.sum() for leaf in state)).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in cell.parameters())


def run(cell, x):
    return Backbone(x.shape[2], lambda *_: cell, cell.hidden_size, engine="reference")(x)[0]


def one_bias(lstm):
    """The parameters of an LSTM with both biases in one."""
    state = lstm.state_dict()
    state["bias_ih"] = state["bias_ih"] + state.pop("bias_hh")
    return state


def zero_peepholes(cell):
    return {name: torch.zeros_like(value) for name, value in cell.state_dict().items() if "peephole" in name}


@pytest.mark.parametrize(
    "other",
    [
        PeepholeLSTM(4, 5),
        PeepholeLSTM(4, 5, output_peephole="old"),
        GreffLSTM(4, 5),
        GreffLSTM(4, 5, variant="NP"),
    ],
)
def test_without_peepholes_it_is_the_lstm(other):
    torch.manual_seed(0)
    lstm, other = LSTM(4, 5).double(), other.double()
    other.load_state_dict({**one_bias(lstm), **zero_peepholes(other)})
    x = torch.randn(3, 7, 4).double()
    torch.testing.assert_close(run(other, x), run(lstm, x), rtol=0, atol=1e-14)


def test_full_gate_recurrence_without_it_is_the_peephole_lstm():
    torch.manual_seed(0)
    plain, full = PeepholeLSTM(4, 5).double(), GreffLSTM(4, 5, variant="FGR").double()
    full.load_state_dict({**plain.state_dict(), "weight_gates": torch.zeros(15, 15)})
    x = torch.randn(3, 7, 4).double()
    torch.testing.assert_close(run(full, x), run(plain, x), rtol=0, atol=1e-14)


def test_an_open_forget_gate_is_no_forget_gate():
    torch.manual_seed(0)
    lstm, other = LSTM(4, 5).double(), NoForgetLSTM(4, 5).double()
    with torch.no_grad():
        lstm.bias_ih[5:10] = 1e3
    kept = [*range(5), *range(10, 20)]
    other.load_state_dict({name: value[kept] for name, value in one_bias(lstm).items()})
    x = torch.randn(3, 7, 4).double()
    torch.testing.assert_close(run(other, x), run(lstm, x), rtol=0, atol=1e-14)


def test_opposite_gates_are_one_coupled_gate():
    torch.manual_seed(0)
    lstm, other = LSTM(4, 5).double(), CoupledLSTM(4, 5).double()
    with torch.no_grad():
        for parameter in lstm.parameters():
            parameter[:5] = -parameter[5:10]  # sigmoid(-a) = 1 - sigmoid(a)
    other.load_state_dict({name: value[5:] for name, value in one_bias(lstm).items()})
    x = torch.randn(3, 7, 4).double()
    torch.testing.assert_close(run(other, x), run(lstm, x), rtol=0, atol=1e-14)


def test_projected_equals_torch_nn():
    torch.manual_seed(0)
    theirs = nn.LSTM(4, 6, batch_first=True, proj_size=2).double()
    ours = ProjectedLSTM(4, 6, projection_size=2).double()
    ours.load_state_dict({name.removesuffix("_l0"): value for name, value in theirs.state_dict().items()})
    x = torch.randn(3, 7, 4).double()
    h, c = torch.randn(3, 2).double(), torch.randn(3, 6).double()
    expected, last = theirs(x, (h[None], c[None]))
    found, state = Backbone(4, lambda *_: ours, 6)(x, state=(((h, c),),))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)
    torch.testing.assert_close(state[0][0], tuple(leaf[0] for leaf in last), rtol=0, atol=1e-14)


def test_a_projected_layer_feeds_its_width_to_the_next():
    stack = Backbone(4, partial(ProjectedLSTM, projection_size=3), 8, num_layers=2, bidirectional=True)
    assert stack.output_size == 6
    assert stack(torch.randn(2, 5, 4))[0].shape == (2, 5, 6)
    assert ProjectedLSTM(4, 7).output_size == 4
    assert ProjectedLSTM(4, 1).output_size == 1


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_projection_to_nothing(size):
    with pytest.raises(UserError, match="projection_size must be an integer of at least 1"):
        ProjectedLSTM(4, 6, projection_size=size)


def test_layer_norm_forgets_the_scale_of_its_input():
    torch.manual_seed(0)
    cell = LayerNormLSTM(4, 5).double()
    x = torch.randn(3, 7, 4).double()
    raw = nn.functional.linear(x, cell.weight_ih)
    normalised = cell.project(x) - cell.bias_ih
    torch.testing.assert_close(normalised.mean(-1), torch.zeros(3, 7).double())
    expected = raw.var(-1, unbiased=False) / (raw.var(-1, unbiased=False) + 1e-5)
    torch.testing.assert_close(normalised.var(-1, unbiased=False), expected)
    torch.testing.assert_close(run(cell, 1e3 * x), run(cell, 1e6 * x), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("factory", "start"),
    [
        (LSTM, 5),
        (CoupledLSTM, 0),
        (ProjectedLSTM, 5),
        (PeepholeLSTM, 5),
        (LayerNormLSTM, 5),
        (MultiplicativeLSTM, 5),
        (partial(GreffLSTM, variant="CIFG"), 0),
        (partial(GreffLSTM, variant="NFG"), None),
    ],
)
def test_forget_bias_raises_the_rows_of_the_forget_gate(factory, start):
    torch.manual_seed(0)
    plain = factory(4, 5, forget_bias=0.0)
    torch.manual_seed(0)
    raised = factory(4, 5, forget_bias=2.0)
    expected = torch.zeros_like(plain.bias_ih)
    if start is not None:
        expected[start : start + 5] = 2.0
    torch.testing.assert_close(raised.bias_ih - plain.bias_ih, expected)
    for name, parameter in plain.named_parameters():
        if name != "bias_ih":
            assert torch.equal(parameter, raised.get_parameter(name))


def test_only_cells_of_torch_nn_have_two_biases():
    assert LSTM(4, 5).bias_hh is not None
    assert ProjectedLSTM(4, 5).bias_hh is not None
    for cell in (NoForgetLSTM, CoupledLSTM, PeepholeLSTM, GreffLSTM, LayerNormLSTM, MultiplicativeLSTM):
        assert cell(4, 5).bias_hh is None
        assert "bias_hh" not in cell(4, 5).state_dict()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (
            partial(PeepholeLSTM, output_peephole="nwe"),
            "PeepholeLSTM: output_peephole cannot be 'nwe'\ndid you mean: new",
        ),
        (partial(GreffLSTM, variant="cifg"), "GreffLSTM: variant cannot be 'cifg'\ndid you mean: CIFG"),
    ],
)
def test_unknown_choice(factory, message):
    with pytest.raises(UserError, match=message):
        factory(4, 5)

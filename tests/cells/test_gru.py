"""Each gated unit against its equations, written with one matrix a gate; special cases; what is refused."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from rnnbench.cells import GRU, MGU, MUT1, MUT2, MUT3, ResetBeforeGRU
from rnnbench.errors import UserError


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def blocks(matrix, size=5):
    """The rows of each gate."""
    return np.split(matrix, len(matrix) // size)


def check(case, expected):
    assert_allclose(case.y, expected, rtol=1e-12, atol=1e-13)
    assert_allclose(case.new[0], expected, rtol=1e-12, atol=1e-13)
    assert len(case.new) == 1


def test_gru(one_step):
    case = one_step(GRU)
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wr, wz, wn), (ur, uz, un) = blocks(case.weight_ih), blocks(case.weight_hh)
    (br, bz, bn), (cr, cz, cn) = blocks(case.bias_ih), blocks(case.bias_hh)
    r = sigmoid(x @ wr.T + br + d @ ur.T + cr)
    z = sigmoid(x @ wz.T + bz + d @ uz.T + cz)
    n = np.tanh(x @ wn.T + bn + r * (d @ un.T + cn))
    check(case, (1 - z) * n + z * h)


@pytest.mark.parametrize("keep", ["z", "1-z"])
def test_reset_before(one_step, keep):
    case = one_step(partial(ResetBeforeGRU, keep=keep))
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wr, wz, wn), (ur, uz), (br, bz, bn) = blocks(case.weight_ih), blocks(case.weight_hh), blocks(case.bias_ih)
    r = sigmoid(x @ wr.T + br + d @ ur.T)
    z = sigmoid(x @ wz.T + bz + d @ uz.T)
    n = np.tanh(x @ wn.T + bn + (r * d) @ case.weight_hn.T)
    check(case, z * h + (1 - z) * n if keep == "z" else (1 - z) * h + z * n)


def test_mgu(one_step):
    case = one_step(MGU)
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wf, wn), (bf, bn) = blocks(case.weight_ih), blocks(case.bias_ih)
    f = sigmoid(x @ wf.T + bf + d @ case.weight_hh.T)
    check(case, (1 - f) * h + f * np.tanh(x @ wn.T + bn + (f * d) @ case.weight_hn.T))


def itself(x):
    """The first H = 5 of x and zeros."""
    return np.concatenate([x, np.zeros((len(x), 5))], axis=1)[:, :5]


@pytest.mark.parametrize("input_size", [3, 5, 8])
def test_mut1(one_step, input_size):
    case = one_step(MUT1, input_size)
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wr, wz), (br, bz, bn) = blocks(case.weight_ih), blocks(case.bias_ih)
    z = sigmoid(x @ wz.T + bz)
    r = sigmoid(x @ wr.T + d @ case.weight_hh.T + br)
    check(case, np.tanh((r * d) @ case.weight_hn.T + np.tanh(itself(x)) + bn) * z + h * (1 - z))


@pytest.mark.parametrize("input_size", [3, 5, 8])
def test_mut2(one_step, input_size):
    case = one_step(MUT2, input_size)
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wz, wn), (ur, uz), (br, bz, bn) = blocks(case.weight_ih), blocks(case.weight_hh), blocks(case.bias_ih)
    z = sigmoid(x @ wz.T + d @ uz.T + bz)
    r = sigmoid(itself(x) + d @ ur.T + br)
    check(case, np.tanh((r * d) @ case.weight_hn.T + x @ wn.T + bn) * z + h * (1 - z))


def test_mut3(one_step):
    case = one_step(MUT3)
    h, d, x = case.state[0], case.state[0] * case.mask, case.x
    (wr, wz, wn), (br, bz, bn) = blocks(case.weight_ih), blocks(case.bias_ih)
    z = sigmoid(x @ wz.T + (np.tanh(h) * case.mask) @ case.weight_hz.T + bz)
    r = sigmoid(x @ wr.T + d @ case.weight_hh.T + br)
    check(case, np.tanh((r * d) @ case.weight_hn.T + x @ wn.T + bn) * z + h * (1 - z))


def copied(gru, keep="z"):
    """A unit that resets before the product, with the parameters of one that resets after it."""
    other = ResetBeforeGRU(4, 5, keep=keep).double()
    state = gru.state_dict()
    other.load_state_dict(
        {
            "weight_ih": state["weight_ih"],
            "weight_hh": state["weight_hh"][:10],
            "weight_hn": state["weight_hh"][10:],
            "bias_ih": state["bias_ih"] + state["bias_hh"],
        }
    )
    return other


def step_of_both(one, other):
    x, state = torch.randn(3, 4).double(), (torch.randn(3, 5).double(),)
    return one(x, state)[0], other(x, state)[0]


def test_where_nothing_is_reset_both_forms_are_one():
    torch.manual_seed(0)
    gru = GRU(4, 5).double()
    with torch.no_grad():
        gru.bias_ih[:5] = 1e3
    a, b = step_of_both(gru, copied(gru))
    torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


def test_where_something_is_reset_they_differ():
    torch.manual_seed(0)
    gru = GRU(4, 5).double()
    a, b = step_of_both(gru, copied(gru))
    assert (a - b).abs().max() > 1e-3


def test_a_negated_gate_turns_one_share_into_the_other():
    torch.manual_seed(0)
    gru = GRU(4, 5).double()
    one, other = copied(gru), copied(gru, keep="1-z")
    with torch.no_grad():
        for parameter in (other.weight_ih, other.weight_hh, other.bias_ih):
            parameter[5:10] *= -1
    a, b = step_of_both(one, other)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


def test_mgu_is_a_gru_whose_gates_are_equal():
    torch.manual_seed(0)
    mgu, gru = MGU(4, 5).double(), ResetBeforeGRU(4, 5, keep="1-z").double()
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih"):
            own = mgu.get_parameter(name)
            gru.get_parameter(name).copy_(torch.cat([own[:5], own]))
        gru.weight_hn.copy_(mgu.weight_hn)
    a, b = step_of_both(mgu, gru)
    torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


# Rows of H numbers: for each gate a bias, I or H of them for each matrix.
@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (ResetBeforeGRU, 3 * 5 * (4 + 5 + 1)),
        (MGU, 2 * 5 * (4 + 5 + 1)),
        (MUT1, 2 * 5 * 4 + 2 * 5 * 5 + 3 * 5),
        (MUT2, 2 * 5 * 4 + 3 * 5 * 5 + 3 * 5),
        (MUT3, 3 * 5 * 4 + 3 * 5 * 5 + 3 * 5),
    ],
)
def test_no_parameter_is_there_twice(cell, count):
    assert sum(parameter.numel() for parameter in cell(4, 5).parameters()) == count


def test_unknown_share():
    with pytest.raises(UserError, match="ResetBeforeGRU: keep cannot be '1 - z'\ndid you mean: 1-z"):
        ResetBeforeGRU(4, 5, keep="1 - z")

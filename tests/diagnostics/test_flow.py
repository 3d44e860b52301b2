"""Norms over lags, exponents and Jacobians are what theory and brute force say."""

import math

import pytest
import torch
from torch.autograd.functional import jacobian as by_autograd

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LRU, LSTM, Elman, MatrixLSTM
from rnnbench.cells.every import every_cell
from rnnbench.diagnostics.flow import at_last_step, gradient_flow, growth, reach
from rnnbench.diagnostics.gates import gates
from rnnbench.diagnostics.jacobian import flat, jacobian, lyapunov, rest_radius, spectrum, unflat
from rnnbench.diagnostics.record import longest, watch
from rnnbench.diagnostics.unroll import unroll
from rnnbench.diagnostics.weights import recurrent_weights, set_radius
from rnnbench.errors import UserError


def elman(radius, hidden=64):
    """An untrained Elman network without biases, its recurrent matrix normal and scaled to a spectral radius."""
    torch.manual_seed(0)
    cell = Elman(4, hidden)
    with torch.no_grad():
        torch.nn.init.normal_(cell.weight_hh, std=hidden**-0.5)
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
    set_radius(cell, radius)
    return cell


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.5])
def test_elman_falls_on_the_slope_of_its_radius(radius):
    cell = elman(radius)
    assert rest_radius(cell) == pytest.approx(radius)
    # Linear, as long as nothing drives it.
    flow = gradient_flow(unroll(cell, torch.zeros(8, 100, 4)))
    assert flow.growth() == pytest.approx(radius, rel=0.05)


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.5])
def test_a_driven_elman_falls_on_the_slope_of_its_exponent(radius):
    run = unroll(elman(radius), torch.randn(8, 100, 4))
    exponent = torch.tensor(lyapunov(run)).median()
    found = gradient_flow(run).growth()
    assert found == pytest.approx(math.exp(exponent), rel=0.05)
    assert found < radius  # tanh' is below 1


@pytest.mark.parametrize("bias", [1.0, 5.0])
def test_lstm_falls_on_the_slope_of_its_forget_gate(bias):
    torch.manual_seed(0)
    cell = LSTM(4, 64, forget_bias=bias)
    with torch.no_grad():  # what else feeds back is small, as in a network that has learned nothing yet
        cell.weight_hh.mul_(0.1)
        cell.bias_ih.zero_()
        cell.bias_ih[64:128] = bias
        cell.bias_hh.zero_()
    kept = 1 / (1 + math.exp(-bias))
    flow = gradient_flow(unroll(cell, torch.randn(8, 100, 4) * 0.1))
    assert flow.growth() == pytest.approx(kept, rel=0.05)
    assert rest_radius(cell) == pytest.approx(kept, rel=0.05)


@pytest.mark.parametrize("factory", [LSTM, GRU, LRU])
def test_norms_and_products_are_those_of_one_jacobian(factory):
    """Of the whole way from the first state to the last output, by one call of autograd."""
    torch.manual_seed(0)
    cell = factory(3, 4).double().eval()
    steps = 6
    x = torch.randn(1, steps, 3, dtype=torch.float64)
    run = unroll(cell, x)

    def end(start, state_too):
        state = unflat(start[None], run.states[0])
        for t in range(steps):
            y, state = cell(x[:, t], state)
        return flat(state)[0] if state_too else y[0]

    start = flat(run.states[0])[0]
    given = at_last_step(run)
    expected = given[0, -1] @ by_autograd(lambda s: end(s, False), start)
    norms = gradient_flow(run, given).norms
    assert norms.shape == (steps, 1)
    assert float(norms[-1, 0]) == pytest.approx(float(expected.norm()), rel=1e-10)

    whole = by_autograd(lambda s: end(s, True), start)
    product = torch.eye(len(start), dtype=torch.float64)
    for t in range(steps):
        product = jacobian(run, t) @ product
    torch.testing.assert_close(product, whole, rtol=1e-10, atol=1e-14)
    found = spectrum(run)
    largest = torch.linalg.svdvals(whole)[:4].log().tolist()
    assert found.singular_values[steps][:4] == pytest.approx(largest, abs=1e-8)


def test_what_an_lstm_keeps_is_its_forget_gate():
    torch.manual_seed(0)
    cell = LSTM(3, 5)
    run = unroll(cell, torch.randn(2, 7, 3))
    gate = torch.sigmoid(
        (
            run.z[0]
            + torch.stack([run.states[t][0][0] for t in range(7)]) @ cell.weight_hh.T.double()
            + cell.bias_hh.double()
        )[:, 5:10]
    )
    torch.testing.assert_close(spectrum(run).kept[1], gate, rtol=1e-10, atol=1e-12)
    (forget,) = [one for one in gates(run) if one.keeps == 1]
    assert forget.name == "sigmoid 1"
    assert 0.5 < forget.mean < 0.9


def test_half_lives_of_leaky_memory():
    """c = f c' with a forget gate of 0.8: half is left after log 0.5 / log 0.8 = 3.1 steps."""
    cell = LSTM(2, 3)
    with torch.no_grad():
        for value in cell.parameters():
            value.zero_()
        cell.bias_ih[3:6] = math.log(4)
        cell.bias_ih[9:12] = -20  # the output gate is shut
    hidden, memory = spectrum(unroll(cell, torch.zeros(1, 20, 2))).half_lives
    assert memory == [4.0] * 3
    assert hidden == [1.0] * 3


def test_saturation_is_counted():
    cell = LSTM(2, 4)
    with torch.no_grad():
        for value in cell.parameters():
            value.zero_()
        cell.bias_ih[:4] = 9.0
        cell.bias_ih[4:8] = torch.tensor([-9.0, 9.0, 0.0, 0.0])
    forget, write, candidate, _, _ = gates(unroll(cell, torch.zeros(3, 5, 2), lengths=torch.tensor([5, 1, 0])))
    assert (write.low, write.high) == (0.0, 1.0)
    assert (forget.low, forget.high) == (0.25, 0.25)
    assert candidate.mean == 0
    assert sum(forget.histogram) == pytest.approx(1)


def test_padding_changes_nothing():
    torch.manual_seed(0)
    cell, lengths = GRU(3, 4), torch.tensor([6, 3])
    x = torch.randn(2, 6, 3)
    other = x.clone()
    other[1, 3:] = 1e3
    first, second = (gradient_flow(unroll(cell, one, lengths=lengths)).norms for one in (x, other))
    assert torch.equal(first.nan_to_num(-1), second.nan_to_num(-1))
    assert first[:3].isfinite().all()
    assert first[3:, 1].isnan().all()
    alone = gradient_flow(unroll(cell, x[1:, :3]), at_last_step(unroll(cell, x, lengths=lengths))[1:, :3])
    torch.testing.assert_close(first[:3, 1:], alone.norms)


def test_a_state_too_large_says_so():
    assert rest_radius(MatrixLSTM(2, 40)) is None
    assert spectrum(unroll(MatrixLSTM(2, 40), torch.zeros(1, 2, 2))) is None


@pytest.mark.parametrize("factory", every_cell().values(), ids=lambda one: one.__name__)
def test_every_cell(factory):
    torch.manual_seed(0)
    run = unroll(factory(3, 4).eval(), torch.randn(2, 8, 3))
    assert gradient_flow(run).norms.isfinite().all()
    assert len(lyapunov(run)) == 2
    found = spectrum(run)
    if found is not None:
        assert len(found.singular_values[8]) == sum(len(part) for part in found.half_lives)
        assert all(part.shape[0] == 8 for part in found.kept)
        assert not any(math.isnan(value) for value in found.singular_values[8])
    for gate in gates(run):
        assert 0 <= gate.low + gate.high <= 1


def test_curves():
    assert growth([0.5**k for k in range(20)]) == pytest.approx(0.5)
    assert growth([1.0, 0.5, 0.0, 0.0]) is None
    assert reach([1.0, 0.1, 0.009, 0.5]) == 3
    assert reach([1.0, 2.0]) is None


def test_radius_of_each_gate():
    torch.manual_seed(0)
    cell = GRU(3, 6)
    set_radius(cell, 1.2)
    assert [one.radius for one in recurrent_weights(cell)] == pytest.approx([1.2] * 3, rel=1e-5)
    assert all(one.norm >= one.radius for one in recurrent_weights(cell))
    with pytest.raises(UserError, match="LRU has no square recurrent matrix"):
        set_radius(LRU(3, 4), 1.0)
    with pytest.raises(UserError, match="must be positive, found 0"):
        set_radius(cell, 0)


@pytest.mark.parametrize("engine", ["reference", "torch", pytest.param("fused", marks=pytest.mark.slow)])
def test_watching_changes_nothing_and_engines_agree(engine):
    torch.manual_seed(0)
    stack = Backbone(3, GRU, 4, num_layers=2, bidirectional=True, engine=engine).double()
    x, lengths = torch.randn(2, 6, 3).double(), torch.tensor([6, 4])
    expected, _ = stack(x, lengths)
    with watch(torch.nn.ModuleDict({"encoder": stack})) as recordings:
        y, _ = stack(x, lengths)
        y.square().sum().backward()
    assert torch.equal(y, expected)
    assert [one.name for one in recordings] == [
        "encoder, layer 1",
        "encoder, layer 1 backwards",
        "encoder, layer 2",
        "encoder, layer 2 backwards",
    ]
    norms = []
    for one in recordings:
        run = one.unroll()
        torch.testing.assert_close(run.outputs[0], one.outputs[0][0].detach(), rtol=1e-10, atol=1e-12)
        norms.append(gradient_flow(run, one.gradient()).norms)
    torch.manual_seed(0)
    plain = Backbone(3, GRU, 4, num_layers=2, bidirectional=True, engine="reference").double()
    with watch(plain) as recordings:
        plain(x, lengths)[0].square().sum().backward()
    for one, ours in zip(recordings, norms, strict=True):
        theirs = gradient_flow(one.unroll(), one.gradient()).norms
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14, equal_nan=True)
    assert stack.engine.name == engine


def test_steps_of_a_stack_are_one_recording():
    torch.manual_seed(0)
    stack = Backbone(3, GRU, 4, num_layers=2, engine="reference").double()
    x = torch.randn(2, 6, 3).double()
    with watch(stack) as whole:
        stack(x)[0].square().sum().backward()
    with watch(stack) as stepped:
        state, loss = stack.initial_state(2, x), 0.0
        for t in range(6):
            y, state = stack.step(x[:, t], state)
            loss = loss + y.square().sum()
        stack.step(x[:, 0], stack.initial_state(2, x))  # another run
        loss.backward()
    assert [(one.name, one.steps) for one in longest(stepped)] == [("stack, layer 1", 6), ("stack, layer 2", 6)]
    assert len(stepped) == 4
    for a, b in zip(longest(stepped), whole, strict=True):
        ours, theirs = (gradient_flow(one.unroll(), one.gradient()).norms for one in (a, b))
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-14)
    assert stack.cells[0][0]._forward_hooks == {}

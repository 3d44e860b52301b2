"""Linear and parallel cells against the papers' equations, convolutions, scans, complex numbers, attention."""

import inspect
import math
from functools import partial, reduce

import pytest
import torch
from torch.nn import functional

import rnnbench.cells
from rnnbench.backbone import Backbone
from rnnbench.cells import LRU, QRNN, SRU, ConstantErrorCarousel, MatrixLSTM, MinGRU, MinLSTM, ScalarLSTM
from rnnbench.cells.linear import LinearCell, multiply
from rnnbench.errors import UserError
from rnnbench.testing import check_cell

VARIANTS = [
    partial(LRU, r_min=0.9, r_max=0.999, max_phase=0.3, activation="identity"),
    partial(QRNN, window=1),
    partial(QRNN, window=4),
    partial(QRNN, window=12),
    partial(SRU, highway_bias=-3.0),
    partial(ScalarLSTM, num_heads=3),
    partial(MatrixLSTM, num_heads=2),
    partial(MatrixLSTM, num_heads=6),
]
SCANS = [ConstantErrorCarousel, LRU, MinGRU, MinLSTM]
EVERY = [*SCANS, QRNN, SRU, ScalarLSTM, MatrixLSTM]


@pytest.mark.slow
@pytest.mark.parametrize("factory", VARIANTS, ids=str)
def test_variants_keep_the_laws(factory):
    check_cell(factory)


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 9, 4, dtype=torch.float64)


def run(factory, x, hidden=6):
    """The cell, and its output over a sequence (B, T, H)."""
    stack = Backbone(x.shape[2], factory, hidden, engine="reference").double()
    return stack.cells[0][0], stack(x)[0]


def recurrence(a, b):
    """All h_t = a_t h_(t-1) + b_t from zero, ``(B, T, H)``, as the sum over s of b_s times the a that follow it."""
    steps = range(b.shape[1])
    return torch.stack([sum(b[:, s] * a[:, s + 1 : t + 1].prod(1) for s in range(t + 1)) for t in steps], 1)


def test_every_scan_is_tested():
    exported = [getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__]
    scans = [one for one in exported if inspect.isclass(one) and issubclass(one, LinearCell)]
    assert {one for one in scans if one.step is LinearCell.step} == set(SCANS)
    assert inspect.isabstract(LinearCell)


@pytest.mark.parametrize("kind", SCANS)
def test_steps_combine_associatively(kind):
    torch.manual_seed(0)
    cell = kind(4, 6).double()
    z = cell.project(torch.randn(3, 8, 4, dtype=torch.float64))
    state = tuple(torch.randn(3, 6, dtype=torch.float64) for _ in cell.state_spec())
    a, b = cell.coefficients(z)  # over the whole sequence at once
    steps = [(tuple(part.expand_as(z[..., :6])[:, t] for part in a), tuple(part[:, t] for part in b)) for t in range(8)]

    def combine(first, second):
        added = tuple(p + q for p, q in zip(multiply(second[0], first[1]), second[1], strict=True))
        return multiply(second[0], first[0]), added

    forwards = reduce(combine, steps)
    as_a_tree = [steps]
    while len(as_a_tree[-1]) > 1:
        as_a_tree.append([combine(*pair) for pair in zip(as_a_tree[-1][::2], as_a_tree[-1][1::2], strict=True)])
    hidden, outputs = state, []
    for t in range(8):
        y, hidden = cell.step(z[:, t], hidden)
        outputs.append((y, hidden))
    for whole_a, whole_b in (forwards, as_a_tree[-1][0]):
        end = tuple(p + q for p, q in zip(multiply(whole_a, state), whole_b, strict=True))
        torch.testing.assert_close(end, hidden)
    states = tuple(torch.stack(leaves, 1) for leaves in zip(*(h for _, h in outputs), strict=True))
    torch.testing.assert_close(cell.read(z, states), torch.stack([y for y, _ in outputs], 1))


def test_multiply_is_complex():
    a, b = torch.randn(5, dtype=torch.complex128), torch.randn(5, dtype=torch.complex128)
    product = multiply((a.real, a.imag), (b.real, b.imag))
    torch.testing.assert_close(torch.complex(*product), a * b)


def g(x):
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def test_min_gru(x):
    cell, y = run(MinGRU, x)
    (w_z, w_n), (b_z, b_n) = cell.weight_ih.chunk(2), cell.bias_ih.chunk(2)
    z = torch.sigmoid(x @ w_z.T + b_z)
    torch.testing.assert_close(y, recurrence(1 - z, z * g(x @ w_n.T + b_n)))


def test_min_lstm(x):
    cell, y = run(MinLSTM, x)
    (w_i, w_f, w_n), (b_i, b_f, b_n) = cell.weight_ih.chunk(3), cell.bias_ih.chunk(3)
    i, f = torch.sigmoid(x @ w_i.T + b_i), torch.sigmoid(x @ w_f.T + b_f)
    torch.testing.assert_close(y, recurrence(f / (f + i), i / (f + i) * g(x @ w_n.T + b_n)))


def test_min_lstm_where_both_gates_underflow():
    cell = MinLSTM(1, 1)
    z = torch.tensor([[-200.0, -201.0, 2.0]], requires_grad=True)
    y, _ = cell.step(z, (torch.ones(1, 1),))
    f = 1 / (1 + math.e)
    torch.testing.assert_close(y, torch.tensor([[f + (1 - f) * 2.5]]))
    assert torch.autograd.grad(y.sum(), z)[0].isfinite().all()


@pytest.mark.parametrize("window", [1, 2, 5])
def test_qrnn_is_a_convolution_and_fo_pooling(x, window):
    cell, y = run(partial(QRNN, window=window), x)
    kernel = cell.weight_ih.view(window, 18, 4).flip(0).permute(1, 2, 0)
    gates = functional.conv1d(functional.pad(x.transpose(1, 2), (window - 1, 0)), kernel, cell.bias_ih).transpose(1, 2)
    z, f, o = gates.chunk(3, dim=-1)
    f = torch.sigmoid(f)
    torch.testing.assert_close(y, torch.sigmoid(o) * recurrence(f, (1 - f) * torch.tanh(z)))


@pytest.mark.parametrize("hidden", [4, 6])
def test_sru(x, hidden):
    cell, y = run(partial(SRU, highway_bias=-1.0), x, hidden)
    assert cell.weight_ih.shape == ((3 if hidden == 4 else 4) * hidden, 4)
    with torch.no_grad():
        cell.bias_ih.normal_()
        y, _ = Backbone(4, lambda *_: cell, hidden, engine="reference")(x)
    w, w_f, w_r = cell.weight_ih[: 3 * hidden].chunk(3)
    (v_f, v_r), (b_f, b_r) = cell.weight_state.chunk(2), cell.bias_ih.chunk(2)
    c = torch.zeros(3, hidden, dtype=torch.float64)
    for t in range(9):
        f = torch.sigmoid(x[:, t] @ w_f.T + v_f * c + b_f)
        r = torch.sigmoid(x[:, t] @ w_r.T + v_r * c + b_r)
        c = f * c + (1 - f) * (x[:, t] @ w.T)
        skip = (1 + 2 * math.exp(-1.0)) ** 0.5 * x[:, t] if hidden == 4 else x[:, t] @ cell.weight_ih[3 * hidden :].T
        torch.testing.assert_close(y[:, t], r * c + (1 - r) * skip)


def test_sru_starts_with_outputs_of_the_inputs_size():
    torch.manual_seed(0)
    stack = Backbone(256, SRU, 256, num_layers=6, engine="reference")
    assert not stack.cells[0][0].bias_ih.any()
    y, _ = stack(torch.randn(8, 40, 256))
    assert 0.5 < y[:, 20:].std() < 2


@pytest.mark.parametrize("activation", ["gelu", "identity"])
def test_lru_is_complex_arithmetic(x, activation):
    cell, y = run(partial(LRU, activation=activation), x)
    b = torch.complex(*cell.weight_ih[:12].chunk(2))
    c = torch.complex(cell.weight_out[:, :6], -cell.weight_out[:, 6:])
    eigenvalues = torch.exp(torch.complex(-torch.exp(cell.nu), torch.exp(cell.theta)))
    driven = torch.exp(cell.gamma) * (x.to(b.dtype) @ b.T)
    h = recurrence(eigenvalues.expand_as(driven), driven)
    linear = (h @ c.T).real + x @ cell.weight_ih[12:].T
    torch.testing.assert_close(y, functional.gelu(linear) if activation == "gelu" else linear)


def test_lru_starts_on_the_ring_and_keeps_the_variance():
    torch.manual_seed(0)
    cell = LRU(32, 1024, r_min=0.5, r_max=0.9, max_phase=1.0)
    (real, imaginary), _ = cell.coefficients(torch.zeros(3 * 1024))
    radius, angle = torch.complex(real, imaginary).abs(), torch.complex(real, imaginary).angle()
    assert ((radius > 0.5) & (radius < 0.9) & (angle > 0) & (angle < 1)).all()
    inside = (radius**2 < (0.5**2 + 0.9**2) / 2).float().mean()  # half of the ring's area
    assert abs(inside - 0.5) < 0.05
    torch.testing.assert_close(torch.exp(cell.gamma) ** 2, 1 - radius**2)
    state, x = cell.initial_state(64, real), torch.randn(60, 64, 32)
    for z in cell.project(x):
        _, state = cell.step(z, state)
    assert abs(torch.complex(*state).abs().square().mean() - 1) < 0.1


def test_lru_is_stable_whatever_its_parameters():
    cell = LRU(2, 3)
    with torch.no_grad():
        cell.nu.copy_(torch.tensor([-5.0, 0.0, 5.0]))
    (real, imaginary), _ = cell.coefficients(torch.zeros(9))
    assert (torch.complex(real, imaginary).abs() < 1).all()


def scalar_lstm_unstabilised(cell, x):
    """The equations as they stand, with the whole block-diagonal matrix."""
    heads, size = cell.num_heads, cell.hidden_size
    units = size // heads
    blocks = cell.weight_hh.view(heads, 4, units, units)
    matrices = [torch.block_diag(*blocks[:, gate]) for gate in range(4)]
    h = c = n = torch.zeros(len(x), size, dtype=x.dtype)
    outputs = []
    for t in range(x.shape[1]):
        driven = (x[:, t] @ cell.weight_ih.T + cell.bias_ih).chunk(4, -1)
        i, f, g, o = [a + h @ u.T for a, u in zip(driven, matrices, strict=True)]
        c = torch.sigmoid(f) * c + torch.exp(i) * torch.tanh(g)
        n = torch.sigmoid(f) * n + torch.exp(i)
        h = torch.sigmoid(o) * c / n
        outputs.append(h)
    return torch.stack(outputs, 1)


@pytest.mark.parametrize("num_heads", [1, 2, 3])
def test_scalar_lstm_equals_the_unstabilised_formula(x, num_heads):
    cell, y = run(partial(ScalarLSTM, num_heads=num_heads), 3 * x)
    expected = scalar_lstm_unstabilised(cell, 3 * x)
    torch.testing.assert_close(y, expected)
    found = torch.autograd.grad(y.square().sum(), list(cell.parameters()))
    torch.testing.assert_close(found, torch.autograd.grad(expected.square().sum(), list(cell.parameters())))


@pytest.mark.parametrize("kind", [ScalarLSTM, MatrixLSTM])
def test_exponential_gates_do_not_overflow(kind):
    torch.manual_seed(0)
    stack = Backbone(4, kind, 6, engine="reference")
    x = (300 * torch.randn(2, 20, 4)).requires_grad_()
    y, _ = stack(x)
    assert y.isfinite().all()
    y.sum().backward()
    assert all(value.grad.isfinite().all() for value in (x, *stack.parameters()))


def test_scalar_lstm_reads_what_it_stored_first():
    cell = ScalarLSTM(1, 1)
    for log_i in (-80.0, 0.0, 80.0):  # the first value stands alone, whatever weight it was given
        z = torch.tensor([[log_i, 5.0, 0.7, 50.0]])
        with torch.no_grad():
            cell.weight_hh.zero_()
            y, _ = cell.step(z, cell.initial_state(1, z))
        torch.testing.assert_close(y, torch.tanh(torch.tensor([[0.7]])))


@pytest.mark.parametrize("num_heads", [1, 2, 3])
def test_matrix_lstm_equals_its_quadratic_form(x, num_heads):
    cell, y = run(partial(MatrixLSTM, num_heads=num_heads), 3 * x)
    z = 3 * x @ cell.weight_ih.T + cell.bias_ih
    *units, log_i, f = z.split([6] * 4 + [num_heads] * 2, -1)
    q, k, v, o = (part.unflatten(-1, (num_heads, -1)).transpose(1, 2) for part in units)  # (B, heads, T, d)
    total = functional.logsigmoid(f).cumsum(1).transpose(1, 2)  # (B, heads, T)
    decay = total[..., :, None] - total[..., None, :] + log_i.transpose(1, 2)[..., None, :]
    weights = q @ k.transpose(-1, -2) / k.shape[-1] ** 0.5 * torch.exp(decay).tril()
    found = weights @ v / weights.sum(-1, keepdim=True).abs().clamp(min=1)
    torch.testing.assert_close(y, (torch.sigmoid(o) * found).transpose(1, 2).flatten(2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(QRNN, window=0), "QRNN: window must be an integer of at least 1, found 0"),
        (partial(ScalarLSTM, num_heads=0), "ScalarLSTM: num_heads must be an integer of at least 1, found 0"),
        (partial(ScalarLSTM, num_heads=4), "ScalarLSTM: num_heads must divide hidden_size, found 4 heads of 6 units"),
        (partial(MatrixLSTM, num_heads=4), "MatrixLSTM: num_heads must divide hidden_size, found 4 heads of 6 units"),
        (partial(LRU, r_min=0.9, r_max=0.5), "LRU: r_min and r_max must be .* found 0.9 and 0.5"),
        (partial(LRU, r_max=1.5), "found 0.0 and 1.5"),
        (partial(LRU, max_phase=7.0), r"LRU: max_phase must be in \(0, 2 pi\], found 7.0"),
        (partial(LRU, activation="glu"), "LRU: activation cannot be 'glu'\ndid you mean: gelu"),
    ],
)
def test_options_out_of_range(make, message):
    with pytest.raises(UserError, match=message):
        make(4, 6)

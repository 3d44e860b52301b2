"""The fused engine against the reference loop, on cells of every kind it must understand."""

import copy
import math
import pickle
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rnnbench.cells import GRU, LSTM, Elman, RNNCell
from rnnbench.cells.base import GatedCell
from rnnbench.engine import select_engine
from rnnbench.engine.auto import fastest_engine
from rnnbench.engine.fused import FusedEngine
from rnnbench.engine.reference import ReferenceEngine


class Peephole(GatedCell):
    """The output gate sees the new memory, or the old one."""

    emits, gates, sees_new = 0, 4, True

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.peep = nn.Parameter(torch.randn(3, hidden_size))

    def state_spec(self):
        return ((self.hidden_size,), (self.hidden_size,))

    def step(self, z, state):
        h, c = state
        i, f, g, o = (z + self.recur(h)).chunk(4, -1)
        new = torch.sigmoid(f + self.peep[1] * c) * c + torch.sigmoid(i + self.peep[0] * c) * torch.tanh(g)
        h = torch.sigmoid(o + self.peep[2] * (new if self.sees_new else c)) * torch.tanh(new)
        return h, (h, new)


class OldPeephole(Peephole):
    sees_new = False


class Coupled(LSTM):
    gates = 3

    def reset_parameters(self):
        GatedCell.reset_parameters(self)

    def step(self, z, state):
        h, c = state
        f, g, o = (z + self.recur(h)).chunk(3, -1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class NormLSTM(LSTM):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_size) for _ in range(5))

    def step(self, z, state):
        h, c = state
        i, f, g, o = (norm(x) for norm, x in zip(self.norms, (z + self.recur(h)).chunk(4, -1), strict=False))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(self.norms[4](c))
        return h, (h, c)


class WideNormLSTM(LSTM):
    """One layer norm over all gates, and normalised parameters."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.norm = nn.LayerNorm(4 * hidden_size)

    def step(self, z, state):
        h, c = state
        recurrent = F.linear(h, self.weight_hh / self.weight_hh.norm(dim=1, keepdim=True), self.bias_hh)
        i, f, g, o = (self.norm(recurrent) + z).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class ResetBefore(GatedCell):
    """The GRU as published: the reset gate acts before the product, so that there are two products in a row."""

    emits, gates = 0, 3

    def step(self, z, state):
        (h,) = state
        u_rz, u_n = self.weight_hh.split([2 * self.hidden_size, self.hidden_size])
        z_r, z_z, z_n = z.chunk(3, -1)
        r, u = F.linear(self.drop_state(h), u_rz).chunk(2, -1)
        r, u = torch.sigmoid(z_r + r), torch.sigmoid(z_z + u)
        n = torch.tanh(z_n + F.linear(self.drop_state(r * h), u_n, self.bias_hh[-self.hidden_size :]))
        h = u * h + (1 - u) * n
        return h, (h,)


class Multiplicative(LSTM):
    """Two products one after the other, of which the second has an operand of products."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight_mh = nn.Parameter(torch.randn(hidden_size, hidden_size) / hidden_size)
        self.weight_mx = nn.Parameter(torch.randn(hidden_size, input_size) / hidden_size)

    def project(self, x):
        return torch.cat([super().project(x), F.linear(x, self.weight_mx)], -1)

    def step(self, z, state):
        z, m_x = z.split([4 * self.hidden_size, self.hidden_size], -1)
        m = m_x * F.linear(state[0], self.weight_mh)
        i, f, g, o = (z + self.recur(m)).chunk(4, -1)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class Leaky(GatedCell):
    emits = 0

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.rate = nn.Parameter(torch.randn(hidden_size))

    def step(self, z, state):
        mu = torch.sigmoid(self.rate)
        h = mu * state[0] + (1 - mu) * F.relu(z + self.recur(state[0]))
        return h, (h,)


class Projected(RNNCell):
    """An LSTM whose output is narrower than its memory."""

    emits = 0

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.ih = nn.Linear(input_size, 4 * hidden_size)
        self.hh = nn.Linear(self.output_size, 4 * hidden_size, bias=False)
        self.hr = nn.Linear(hidden_size, self.output_size, bias=False)

    @property
    def output_size(self):
        return self.hidden_size // 2

    def state_spec(self):
        return ((self.output_size,), (self.hidden_size,))

    def project(self, x):
        return self.ih(x)

    def step(self, z, state):
        h, c = state
        i, f, g, o = (z + self.hh(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = self.hr(torch.sigmoid(o) * torch.tanh(c))
        return h, (h, c)


class Delays(RNNCell):
    """Three past inputs in as many leaves: a time-delay network in transposed form, with no product in the step."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.taps = nn.Linear(input_size, 4 * hidden_size)

    def state_spec(self):
        return ((self.hidden_size,),) * 3

    def project(self, x):
        return self.taps(x)

    def step(self, z, state):
        first, *rest = z.chunk(4, -1)
        line = [old + tap for old, tap in zip(state, rest, strict=True)]
        return torch.tanh(first + state[0]), (line[1], line[2], rest[2])


class Shift(Elman):
    """The state moves along a line of three leaves; the product reads the last and the middle one."""

    def state_spec(self):
        return ((self.hidden_size,),) * 3

    def step(self, z, state):
        h = torch.tanh(z + self.recur(state[2]) + F.linear(state[1], self.weight_hh))
        return h, (h, state[0], state[1])


class MinGRU(RNNCell):
    emits = 0

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.ih = nn.Linear(input_size, 2 * hidden_size)

    def project(self, x):
        return self.ih(x)

    def step(self, z, state):
        u, n = z.chunk(2, -1)
        h = torch.lerp(state[0], n, torch.sigmoid(u))
        return h, (h,)


class Zoned(Elman):
    """Units keep their value where a mask in the last columns of z says so."""

    def project(self, x):
        keep = (torch.rand(*x.shape[:-1], self.hidden_size) < 0.3).to(x.dtype)
        return torch.cat([super().project(x), keep], -1)

    def step(self, z, state):
        z, keep = z.chunk(2, -1)
        new, _ = super().step(z, state)
        h = torch.where(keep > 0, state[0], new)
        return h, (h,)


class Tapped(RNNCell):
    """The last three outputs in one wide leaf, and an output that is no leaf."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.ih = nn.Linear(input_size, hidden_size)
        self.weight = nn.Parameter(torch.randn(hidden_size, 3 * hidden_size) / 4)
        self.scale = nn.Parameter(torch.randn(()))

    def state_spec(self):
        return ((3 * self.hidden_size,),)

    def project(self, x):
        return self.ih(x)

    def step(self, z, state):
        (line,) = state
        h = F.gelu(z + F.linear(line, self.weight)) * self.scale
        new = torch.cat([h, line[:, : 2 * self.hidden_size]], -1)
        return torch.tanh(new)[:, : self.hidden_size] + h.mean(-1, keepdim=True), (new,)


class Normaliser(RNNCell):
    """Scalars of a row as state, and sums that wait for sums: the normaliser of an exponential gate."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.ih = nn.Linear(input_size, 2 * hidden_size)

    def state_spec(self):
        return ((self.hidden_size,), (1,))

    def project(self, x):
        return self.ih(x)

    def step(self, z, state):
        c, n = state
        i, g = z.chunk(2, -1)
        weight = torch.softmax(i, -1)
        c = 0.9 * c + weight * F.silu(g)
        n = 0.9 * n + (weight * i).sum(-1, keepdim=True)
        c = c / torch.clamp(n.abs(), min=1.0)
        return c * torch.rsqrt(c.var(-1, keepdim=True) + 1e-3) + F.softplus(g), (c, n)


CELLS = [
    *(LSTM, GRU, Elman, Peephole, OldPeephole, Coupled, NormLSTM, WideNormLSTM, ResetBefore, Multiplicative, Leaky),
    *(Projected, Delays, Shift, MinGRU, Zoned, Tapped, Normaliser),
]


def run(engine, cell, x, lengths=None, mask=None, seed=0):
    """Output, last state and all gradients of a loss that weighs every element differently."""
    torch.manual_seed(seed)
    x = x.clone().requires_grad_()
    state = [torch.randn(len(x), *shape, dtype=x.dtype).requires_grad_() for shape in cell.state_spec()]
    params = dict(cell.named_parameters())
    if mask is not None:
        params["state_mask"] = mask
    y, last = engine.run(cell, params, x, tuple(state), lengths)
    if lengths is not None:
        y = torch.where((torch.arange(x.shape[1]) < lengths[:, None])[..., None], y, 0.0)
    loss = (y * torch.randn(y.shape, dtype=y.dtype)).sum()
    loss = loss + sum((leaf * torch.randn(leaf.shape, dtype=leaf.dtype)).sum() for leaf in last)
    inputs = [x, *state, *cell.parameters()]
    # Nothing depends on the weights where all lengths are 0.
    gradients = torch.autograd.grad(loss, inputs, allow_unused=True, materialize_grads=True)
    return [one.detach() for one in (y, *last, *gradients)]


def assert_agree(found, expected, tolerance):
    for ours, theirs in zip(found, expected, strict=True):
        assert float((ours - theirs).abs().max()) <= tolerance * max(float(theirs.abs().max()), 1e-6)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_equals_the_reference(cell, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    one = cell(5, 6).double()
    assert FusedEngine().refusal(one) is None
    x = torch.randn(4, 9, 5, dtype=torch.float64)
    for lengths in (None, torch.tensor([3, 9, 0, 5])):
        assert_agree(run(FusedEngine(), one, x, lengths), run(ReferenceEngine(), one, x, lengths), 1e-10)


@pytest.mark.parametrize("cell", [LSTM, NormLSTM, ResetBefore, Tapped])
def test_equals_the_reference_in_single_precision(cell):
    torch.manual_seed(0)
    one = cell(5, 37)
    x = torch.randn(4, 9, 5)
    found = run(FusedEngine(), one, x)
    assert found[0].dtype == torch.float32
    assert_agree(found, run(ReferenceEngine(), one, x), 1e-5)


@pytest.mark.parametrize("cell", [LSTM, ResetBefore])
def test_a_state_mask_is_a_constant_of_the_call(cell):
    torch.manual_seed(0)
    one = cell(5, 6).double()
    x = torch.randn(4, 9, 5, dtype=torch.float64)
    mask = torch.bernoulli(torch.full((4, 6), 0.5)).double() * 2
    for lengths in (None, torch.tensor([3, 9, 0, 5])):
        found = run(FusedEngine(), one, x, lengths, mask)
        assert_agree(found, run(ReferenceEngine(), one, x, lengths, mask), 1e-10)
        assert (found[0] - run(FusedEngine(), one, x, lengths)[0]).abs().max() > 1e-3


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    cell = ResetBefore(2, 3).double()
    x = torch.randn(3, 4, 2, dtype=torch.float64, requires_grad=True)
    h = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in cell.named_parameters()]

    def loop(x, h, *values):
        y, (last,) = FusedEngine().run(cell, dict(zip(names, values, strict=True)), x, (h,), torch.tensor([4, 0, 2]))
        return y, last

    assert torch.autograd.gradcheck(loop, (x, h, *cell.parameters()))


def test_only_wanted_gradients():
    cell = LSTM(5, 6).double()
    x = torch.randn(4, 9, 5, dtype=torch.float64)
    cell.weight_hh.requires_grad_(False)
    y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(4, x), None)
    y.sum().backward()
    assert cell.weight_hh.grad is None
    assert cell.bias_hh.grad is not None


def test_padding_is_inert_bit_for_bit():
    torch.manual_seed(0)
    cell, lengths = LSTM(5, 6), torch.tensor([3, 9, 0, 5])
    x = torch.randn(4, 9, 5)
    other = x.clone()
    for row, length in enumerate(lengths):
        other[row, length:] = torch.nan
    for a, b in zip(run(FusedEngine(), cell, x, lengths), run(FusedEngine(), cell, other, lengths), strict=True):
        assert torch.equal(a, b)
    gradient = run(FusedEngine(), cell, other, lengths)[3]
    assert all(not gradient[row, length:].any() for row, length in enumerate(lengths))


def test_a_sequence_does_not_see_its_batch():
    torch.manual_seed(0)
    cell, x = GRU(5, 40), torch.randn(17, 9, 5)
    params, engine = dict(cell.named_parameters()), FusedEngine()
    whole, _ = engine.run(cell, params, x, cell.initial_state(17, x), None)
    torch.set_num_threads(2)
    threads, _ = engine.run(cell, params, x, cell.initial_state(17, x), None)
    assert torch.equal(whole, threads)
    alone, _ = engine.run(cell, params, x[3:4], cell.initial_state(1, x), None)
    torch.testing.assert_close(alone[0], whole[3], rtol=1e-6, atol=1e-6)


def test_runs_repeat_bit_for_bit():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    cell, x = NormLSTM(5, 33), torch.randn(8, 20, 5)
    first, second = run(FusedEngine(), cell, x), run(FusedEngine(), cell, x)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("cell", [LSTM, Leaky, Tapped, NormLSTM])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_a_number_stays_so(cell, number):
    one = cell(5, 6)
    x = torch.randn(3, 4, 5)
    x[1, 2, 0] = number
    params, state = dict(one.named_parameters()), one.initial_state(3, x)
    y, _ = FusedEngine().run(one, params, x, state, None)
    expected, _ = ReferenceEngine().run(one, params, x, state, None)
    torch.testing.assert_close(y, expected, equal_nan=True, rtol=1e-4, atol=1e-5)


class Functions(RNNCell):
    """Elementwise functions side by side, to look at their accuracy."""

    names = ("tanh", "sigmoid", "exp", "expm1", "log1p", "log", "softplus", "logsigmoid", "gelu", "silu", "elu", "erf")

    @property
    def output_size(self):
        return len(self.names) * self.hidden_size

    def step(self, z, state):
        return torch.cat([getattr(F if hasattr(F, n) else torch, n)(z) for n in self.names], -1), state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_functions_are_accurate(dtype):
    points = torch.cat([torch.linspace(-110, 110, 4001), torch.logspace(-30, 0, 301), -torch.logspace(-30, 0, 301)])
    x = points.to(dtype).view(1, -1, 1).expand(-1, -1, 3).contiguous()
    cell = Functions(3, 3)
    y, _ = FusedEngine().run(cell, {}, x, cell.initial_state(1, x), None)
    for name, found in zip(cell.names, y[0].chunk(len(cell.names), -1), strict=True):
        expected = getattr(F if hasattr(F, name) else torch, name)(x[0].double()).to(dtype)
        tiny = 1e-37 if dtype == torch.float32 else 1e-300
        finite = expected.isfinite()
        assert torch.equal(finite, found.isfinite()), name
        error = (found - expected)[finite].abs() / (expected[finite].abs() + tiny)
        # Near zeros of the factors the reference itself loses digits.
        relative = 4e-7 if dtype == torch.float32 else 1e-14
        absolute = (found - expected)[finite].abs() <= (1e-7 if dtype == torch.float32 else 1e-15)
        small = name in ("gelu", "silu", "sigmoid", "softplus", "logsigmoid", "exp")
        assert bool(((error <= relative) | (absolute if small else False)).all()), (name, float(error.max()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_functions_at_their_limits(dtype):
    limits = torch.finfo(dtype)
    points = [
        0.0,
        1.0,
        -1.0,
        -2.0,
        limits.tiny,
        limits.tiny / 64,
        limits.max,
        limits.min,
        math.inf,
        -math.inf,
        math.nan,
    ]
    x = torch.tensor(points, dtype=dtype).view(1, -1, 1).expand(-1, -1, 3).contiguous()
    cell = Functions(3, 3)
    y, _ = FusedEngine().run(cell, {}, x, cell.initial_state(1, x), None)
    for name, found in zip(cell.names, y[0].chunk(len(cell.names), -1), strict=True):
        if name in ("silu", "gelu"):
            # x times a factor that is nearly 0: of the largest x it may be anything.
            continue
        expected = getattr(F if hasattr(F, name) else torch, name)(x[0])
        torch.testing.assert_close(found, expected, equal_nan=True, rtol=1e-6, atol=2 * limits.tiny, msg=name)


def test_without_gradients_nothing_is_kept():
    cell, x = LSTM(4, 32), torch.randn(8, 200, 4)
    params, engine = dict(cell.named_parameters()), FusedEngine()
    sizes: list[int] = []
    original = torch.Tensor.new_empty

    def recorded(self, *size, **options):
        found = original(self, *size, **options)
        sizes.append(found.numel())
        return found

    torch.Tensor.new_empty = recorded
    try:
        with torch.no_grad():
            engine.run(cell, params, x, cell.initial_state(8, x), None)
        without, sizes = sum(sizes), []
        engine.run(cell, params, x, cell.initial_state(8, x), None)
        with_gradients = sum(sizes)
    finally:
        torch.Tensor.new_empty = original
    # The projected input and the output are there in both; the memory of 200 steps is not.
    rows = 8 * 200
    assert without <= rows * 32 * (4 + 1) + 8 * 32 * 10
    assert with_gradients - without >= (rows - 8) * 32


class Plain(RNNCell):
    """Its z is the input itself, which the engine must not write to."""

    emits = 0

    def step(self, z, state):
        h = torch.sigmoid(z) * state[0] + torch.tanh(z)
        return h, (h,)


class Squashed(MinGRU):
    """Autograd saves the result of the projection, which the engine must not write to either."""

    def project(self, x):
        return torch.sigmoid(super().project(x))


@pytest.mark.parametrize("cell", [Plain, Squashed])
def test_only_what_nobody_else_needs_is_overwritten(cell):
    torch.manual_seed(0)
    one = cell(6, 6).double()
    x = torch.randn(1, 9, 6, dtype=torch.float64)
    before = x.clone()
    with torch.no_grad():
        FusedEngine().run(one, dict(one.named_parameters()), x, one.initial_state(1, x), None)
    assert torch.equal(x, before)
    assert_agree(run(FusedEngine(), one, x), run(ReferenceEngine(), one, x), 1e-10)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [None, torch.tensor([3, 9, 0, 5])])
def test_a_graph_can_be_walked_twice(cell, lengths):
    """The last walk may write over what was kept; one before it may not."""
    torch.manual_seed(0)
    one, x = cell(5, 37).double(), torch.randn(4, 9, 5, dtype=torch.float64, requires_grad=True)
    y, last = FusedEngine().run(one, dict(one.named_parameters()), x, one.initial_state(4, x), lengths)
    loss, inputs = y.square().sum() + last[0].square().sum(), [x, *one.parameters()]
    first = torch.autograd.grad(loss, inputs, retain_graph=True)
    again = torch.autograd.grad(loss, inputs, retain_graph=True)
    for found in (again, torch.autograd.grad(loss, inputs)):
        assert all(torch.equal(*pair) for pair in zip(first, found, strict=True))


def test_a_change_of_the_output_in_place_is_seen():
    cell, x = LSTM(5, 6), torch.randn(4, 9, 5)
    y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(4, x), None)
    with torch.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="modified (by an )?in ?place"):
        y.sum().backward()


def test_a_cell_that_has_run_can_be_copied_and_pickled():
    cell, x = LSTM(5, 6), torch.randn(4, 9, 5)
    first = run(FusedEngine(), cell, x)
    for other in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert torch.equal(run(FusedEngine(), other, x)[0], first[0])


def test_an_option_that_changes_is_seen():
    cell, x = Elman(5, 6), torch.randn(4, 9, 5)
    params, state = dict(cell.named_parameters()), cell.initial_state(4, x)
    FusedEngine().run(cell, params, x, state, None)
    cell.nonlinearity = "relu"
    y, _ = FusedEngine().run(cell, params, x, state, None)
    torch.testing.assert_close(y, ReferenceEngine().run(cell, params, x, state, None)[0])


def test_autocast_runs_the_loop_in_single_precision():
    torch.manual_seed(0)
    cell, x = LSTM(5, 6), torch.randn(4, 9, 5, requires_grad=True)
    params, state = dict(cell.named_parameters()), cell.initial_state(4, x)
    exact, _ = ReferenceEngine().run(cell, params, x, state, None)
    with torch.autocast("cpu", torch.bfloat16):
        y, last = FusedEngine().run(cell, params, x, state, None)
    assert y.dtype == last[1].dtype == torch.float32
    torch.testing.assert_close(y, exact, rtol=0.05, atol=0.02)
    y.sum().backward()
    assert x.grad.dtype == torch.float32
    assert cell.weight_hh.grad.dtype == torch.float32


def test_half_precision_keeps_its_type():
    cell, x = LSTM(5, 6).bfloat16(), torch.randn(4, 9, 5, dtype=torch.bfloat16)
    y, last = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(4, x), None)
    assert y.dtype == last[0].dtype == torch.bfloat16


class Einsum(Elman):
    def step(self, z, state):
        h = torch.tanh(z + torch.einsum("bh,gh->bg", state[0], self.weight_hh))
        return h, (h,)


class Matrix(RNNCell):
    def state_spec(self):
        return ((self.hidden_size, self.hidden_size),)

    def step(self, z, state):
        return state[0].sum(-1), state


class Across(Elman):
    def step(self, z, state):
        h = torch.tanh(z + state[0].mean(0))
        return h, (h,)


class Branches(Elman):
    def step(self, z, state):
        h = z if state[0].sum() > 0 else -z
        return h, (h,)


class Draws(Elman):
    def step(self, z, state):
        h = F.dropout(z + self.recur(state[0]))
        return h, (h,)


class Stranger(Elman):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.offset = [torch.ones(hidden_size)]

    def step(self, z, state):
        h = torch.tanh(z + self.offset[0] * state[0])
        return h, (h,)


class Cumulative(Elman):
    def step(self, z, state):
        h = torch.cumsum(z + self.recur(state[0]), -1)
        return h, (h,)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Einsum, r"aten::(bmm|unsqueeze|permute|mm)|\(\d+, 4, 1\)"),
        (Matrix, "more than one axis"),
        (Across, "across the rows of the batch"),
        (Branches, "across the rows|branches on the value"),
        (Draws, "random"),
        (Stranger, "no parameter, buffer, input or state"),
        (Cumulative, "aten::cumsum"),
    ],
)
def test_a_refusal_names_the_reason(cell, reason):
    found = FusedEngine().refusal(cell(3, 4))
    assert found is not None
    assert re.search(reason, found), found
    assert fastest_engine(cell(3, 4))[0].name == "reference"


def test_torch_refuses_a_mask_of_the_state():
    assert select_engine(LSTM(3, 4), "torch").name == "torch"
    assert fastest_engine(LSTM(3, 4), masked=True)[0].name == "fused"
    with pytest.raises(Exception, match="no locked dropout on the state"):
        select_engine(LSTM(3, 4), "torch", masked=True)


@settings(max_examples=25)
@given(
    hidden=st.integers(2, 70),  # a width of 1 is other code, and has its own test
    batch=st.integers(1, 14),
    data=st.data(),
    cell=st.sampled_from([LSTM, ResetBefore, NormLSTM]),
)
def test_any_size(hidden, batch, data, cell):
    torch.manual_seed(0)
    steps = data.draw(st.integers(1, 6))
    lengths = torch.tensor(data.draw(st.lists(st.integers(0, steps), min_size=batch, max_size=batch)))
    one = cell(3, hidden).double()
    x = torch.randn(batch, steps, 3, dtype=torch.float64)
    assert_agree(run(FusedEngine(), one, x, lengths), run(ReferenceEngine(), one, x, lengths), 1e-9)


@pytest.mark.parametrize("cell", [LSTM, ResetBefore, MinGRU])
def test_one_unit(cell):
    one = cell(3, 1).double()
    x = torch.randn(2, 4, 3, dtype=torch.float64)
    assert_agree(run(FusedEngine(), one, x), run(ReferenceEngine(), one, x), 1e-10)


def test_the_first_call_in_inference_mode_is_fused(caplog):
    cell = LSTM(3, 4).eval()
    x = torch.randn(2, 5, 3)
    params = dict(cell.named_parameters())
    with torch.inference_mode(), caplog.at_level("INFO"):
        y, _ = select_engine(LSTM(3, 4), "fused").run(cell, params, x, cell.initial_state(2, x), None)
    assert "not on fused" not in caplog.text
    with torch.no_grad():
        again, _ = select_engine(cell, "fused").run(cell, params, x, cell.initial_state(2, x), None)
    assert torch.equal(y, again)

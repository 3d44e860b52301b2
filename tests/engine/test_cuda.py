"""The engines for CUDA against the reference: in Triton's interpreter where there is no GPU, on it where there is."""

import math
import os
import runpy
from functools import partial
from pathlib import Path

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LRU, LSTM, ConstantErrorCarousel, Elman, MinGRU, MinLSTM, RNNCell, Zoneout
from rnnbench.engine import select_engine
from rnnbench.engine.auto import fastest_engine
from rnnbench.engine.cuda import engine, graphs, scan
from rnnbench.engine.cuda.emit import emit_kernel
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.traced.buffers import Buffer, Role, Z
from rnnbench.engine.traced.graph import Graph, Piece, Store
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.errors import UserError

# The interpreter is NumPy, which warns where a GPU is silent: of exp(1e4) in a branch that is not taken, for one.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

CASES = runpy.run_path(str(Path(__file__).parents[1] / "cells" / "test_contract.py"))["CASES"]
BATCH, INPUT, HIDDEN = 3, 3, 5
SCANS = [ConstantErrorCarousel, MinGRU, MinLSTM, LRU]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
on_gpu = torch.cuda.is_available()


@pytest.fixture
def interpreter():
    pytest.importorskip("triton")
    if os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("Triton compiles here: see the tests marked gpu")


class SelfScaled(RNNCell):
    """Divides by its row's norm and spread, and uses functions that the cells of the package do not."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = torch.nn.Parameter(torch.randn(hidden_size, hidden_size) / 2)
        self.gain = torch.nn.Parameter(torch.randn(()))

    def project(self, x):
        return torch.nn.functional.pad(x, (0, self.hidden_size - self.input_size))

    def step(self, z, state):
        (h,) = state
        u = torch.nn.functional.linear(torch.softmax(h, -1), self.weight) + z
        u = u / (1 + u.norm(dim=-1, keepdim=True)) + torch.erf(u) * u.std(dim=-1, keepdim=True)
        u = torch.nn.functional.softplus(u) + torch.expm1(-u.abs()) + torch.log1p(u.square()) * torch.sin(u)
        u = torch.maximum(u, self.gain * h) + torch.cat([h[:, 1:], h[:, :1]], dim=1) * (u > 0.5).to(u.dtype)
        return u.mean(-1, keepdim=True) + u, (0.5 * u,)


def outcome(factory, run, dtype, steps, lengths, device="cpu", rounds=1, mask=None):
    """Outputs, last state and all gradients of a loss, by name."""
    torch.manual_seed(1)
    cell = factory(INPUT, HIDDEN).to(device, dtype)
    x = torch.randn(BATCH, steps, INPUT, dtype=dtype).to(device)
    initial = cell.initial_state(BATCH, x)
    noise = [torch.randn(leaf.shape, dtype=dtype).to(device) for leaf in initial]
    params = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
    if mask is not None:
        params.update(dict.fromkeys(cell.state_mask_names(), mask.to(device, dtype)))
    lengths = None if lengths is None else torch.tensor(lengths, device=device)
    for number in range(rounds):
        cell.zero_grad()
        x = (x.detach() + 0.1 * number).requires_grad_()
        start = tuple((leaf + one).detach().requires_grad_() for leaf, one in zip(initial, noise, strict=True))
        y, last = run(cell, params, x, start, lengths)
        if lengths is not None:
            y = torch.where((torch.arange(steps, device=device) < lengths[:, None])[..., None], y, 0.0)
        weights = torch.linspace(-1, 1, y.numel(), dtype=dtype, device=device).view_as(y)
        ((y * weights).sum() + sum(leaf.square().sum() for leaf in last)).backward()
    found = {"y": y, "x": x.grad, **{f"leaf {k}": leaf for k, leaf in enumerate(last)}}
    found |= {f"start {k}": leaf.grad for k, leaf in enumerate(start)}
    found |= {name: parameter.grad for name, parameter in cell.named_parameters()}
    return {name: torch.zeros(()) if value is None else value.detach().cpu() for name, value in found.items()}


def assert_equals_reference(factory, run, dtype, *args, **kwargs):
    expected = outcome(factory, ReferenceEngine().run, dtype, *args, **kwargs)
    found = outcome(factory, run, dtype, *args, **kwargs)
    for name, value in expected.items():
        error = float((found[name] - value).abs().max()) / max(float(value.abs().max()), 1e-2)
        assert error <= TOLERANCE[dtype], f"{name} differs by {error:.1e} of its largest value"


def run_or_skip(cell, *args):
    try:
        return engine.run_cell(cell, *args)
    except Unsupported as reason:
        pytest.skip(str(reason))


PLAIN = [cell for cell, options in CASES if not options]


@pytest.mark.parametrize("cell", [*PLAIN, SelfScaled])
def test_every_cell_in_the_interpreter(cell, interpreter):
    assert_equals_reference(cell, run_or_skip, torch.float64, 3, [3, 0, 2])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [None, [5, 0, 2]])
@pytest.mark.parametrize(("cell", "options"), [*CASES, (SelfScaled, {})], ids=str)
def test_every_option_in_the_interpreter(cell, options, lengths, dtype, interpreter):
    assert_equals_reference(partial(cell, **options), run_or_skip, dtype, 5, lengths)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_all_of_one_length(dtype, interpreter):
    assert_equals_reference(LSTM, engine.run_cell, dtype, 3, None)


def test_columns_are_cut(interpreter, monkeypatch):
    monkeypatch.setattr("rnnbench.engine.cuda.emit._COLUMNS", 2)
    assert_equals_reference(LSTM, engine.run_cell, torch.float64, 2, [2, 0, 1])


def test_state_mask(interpreter):
    mask = torch.tensor([0.0, 2.0, 2.0, 0.0, 2.0]).expand(BATCH, HIDDEN)
    assert_equals_reference(GRU, engine.run_cell, torch.float64, 2, [2, 0, 1], mask=mask)


@pytest.mark.parametrize("cell", [LSTM, SelfScaled])
def test_padding_may_hold_anything(cell, interpreter):
    cell = cell(INPUT, HIDDEN)
    # A product would make something out of nothing: 0 times nan is nan, in the gradient of its weight.
    cell.project = lambda x: torch.cat([x] * 7, dim=-1)[..., : 4 * HIDDEN if isinstance(cell, LSTM) else HIDDEN]
    x = torch.randn(BATCH, 3, INPUT)
    start = cell.initial_state(BATCH, x)
    lengths = torch.tensor([3, 1, 0])
    padding = torch.arange(3) >= lengths[:, None]
    found = []
    for content in (0.0, torch.nan):
        cell.zero_grad()
        z = torch.where(padding[..., None], content, x).requires_grad_()
        y, last = engine.run_cell(cell, dict(cell.named_parameters()), z, start, lengths)
        (y[~padding].sum() + sum(leaf.sum() for leaf in last)).backward()
        weights = [parameter.grad for parameter in cell.parameters() if parameter.grad is not None]
        found.append([y[~padding], *last, z.grad, *weights])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [None, [11, 0, 6]])
@pytest.mark.parametrize("cell", SCANS)
def test_scan_in_the_interpreter(cell, lengths, dtype, interpreter, monkeypatch):
    monkeypatch.setattr(scan, "_TIMES", 4)
    monkeypatch.setattr(scan, "_UNITS", 4)
    assert_equals_reference(cell, scan.run_cell, dtype, 11, lengths)


def test_scan_of_one_step(interpreter):
    start = torch.randn(2, 3)
    a, b = torch.rand(2, 1, 3), torch.randn(2, 1, 3)
    torch.testing.assert_close(scan.scan((a,), (b,), (start,))[0][:, 0], a[:, 0] * start + b[:, 0])


class RunAgain:
    """Stands for a CUDA graph: writes what a function makes to where its first results stand."""

    def __init__(self, function):
        self.function, self.made = function, function()

    def replay(self):
        for old, new in zip(tensors(self.made), tensors(self.function()), strict=True):
            old.copy_(new)


def tensors(made):
    if isinstance(made, torch.Tensor):
        return [made]
    parts = made.values() if isinstance(made, dict) else made or ()
    return [one for part in parts for one in tensors(part)]


@pytest.fixture
def captured(monkeypatch):
    """Captures loops without CUDA, and lists the shapes of z that were captured."""
    found = []

    def capture(function, device):
        graph = RunAgain(function)
        found.append(tuple(tensors(graph.made)[0].shape))
        return graph, graph.made

    monkeypatch.setattr(graphs, "_capture", capture)
    monkeypatch.setattr(graphs, "_beside", lambda function, device: function())
    monkeypatch.setattr(graphs, "_can_capture", lambda z: True)
    monkeypatch.setattr(graphs, "_limit", lambda device: math.inf)
    return found


def test_a_captured_loop_gives_the_same_numbers(interpreter, captured):
    assert_equals_reference(LSTM, engine.run_cell, torch.float64, 2, [2, 0, 1], rounds=4)
    assert len(captured) == 2  # forward and backward, once


def layer(cell):
    return lambda x: engine.run_cell(cell, dict(cell.named_parameters()), x, cell.initial_state(len(x), x), None)[0]


def test_two_forwards_may_wait_for_their_backwards(interpreter, captured):
    run = layer(Elman(INPUT, HIDDEN))
    xs = [torch.randn(2, 2, INPUT, requires_grad=True) for _ in range(4)]
    expected = [torch.autograd.grad(run(x).sum(), x)[0] for x in xs]
    assert captured
    waiting = [run(x).sum() for x in xs]
    for x, loss, gradient in zip(xs, waiting, expected, strict=True):
        torch.testing.assert_close(torch.autograd.grad(loss, x)[0], gradient)


def test_a_backward_that_comes_too_late_is_an_error(interpreter, captured):
    run = layer(Elman(INPUT, HIDDEN))
    x = torch.randn(2, 2, INPUT, requires_grad=True)
    for _ in range(2):
        loss = run(x).sum()
        loss.backward(retain_graph=True)
    run(x).sum().backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_what_triton_has_not_is_refused():
    graph = Graph()
    node = graph.apply("pow", graph.load(Z, 0, 4), graph.load(Z, 4, 4))
    state = Buffer(Role.NEXT)
    with pytest.raises(Unsupported, match="pow"):
        emit_kernel("one", [Store(state, 0, Piece(node, 4))], {Z: 8, state: 4}, ragged=False)


def test_named_engines_say_why_not():
    with pytest.raises(UserError, match="no linear function of the state"):
        select_engine(LSTM(3, 4), "scan")
    if not on_gpu:
        for name in ("scan", "triton"):
            with pytest.raises(UserError, match="runs on CUDA only"):
                select_engine(MinGRU(3, 4), name)
    x = torch.randn(2, 3, 3)
    cell = MinGRU(3, 4)
    for one in (engine.TritonEngine(), scan.ScanEngine()):
        with pytest.raises(UserError, match="found a tensor on cpu"):
            one.run(cell, dict(cell.named_parameters()), x, cell.initial_state(2, x), None)


@pytest.mark.parametrize(
    ("cell", "masked", "name"),
    [
        (LSTM, False, "torch"),
        (partial(Elman, nonlinearity="relu"), False, "torch"),
        (LSTM, True, "triton"),
        (partial(Elman, nonlinearity="sigmoid"), False, "triton"),
        (MinGRU, False, "scan"),
    ],
)
def test_who_runs_on_cuda(cell, masked, name, monkeypatch):
    for module in (engine, scan):
        monkeypatch.setattr(module, "missing", lambda device: None)
    monkeypatch.setattr(engine, "_no_form", lambda *_: None)
    assert fastest_engine(cell(3, 4), masked, torch.device("cuda"))[0].name == name
    other = "torch" if name == "torch" else "reference"
    assert fastest_engine(cell(3, 4), masked, torch.device("mps"))[0].name == other


# --- on a GPU ---------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [None, [5, 0, 2]])
@pytest.mark.parametrize(("cell", "options"), [*CASES, (SelfScaled, {})], ids=str)
def test_every_cell_on_a_gpu(cell, options, lengths, dtype):
    assert_equals_reference(partial(cell, **options), run_or_skip, dtype, 5, lengths, "cuda", rounds=4)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [None, [70, 0, 33]])
@pytest.mark.parametrize("cell", SCANS)
def test_scan_on_a_gpu(cell, lengths, dtype):
    assert_equals_reference(cell, scan.run_cell, dtype, 70, lengths, "cuda")


@pytest.mark.gpu
@pytest.mark.parametrize(
    "cell", [LSTM, GRU, partial(Elman, nonlinearity="sigmoid"), MinGRU, partial(Zoneout, cell=LSTM)]
)
def test_a_stack_learns_on_a_gpu(cell):
    torch.manual_seed(0)
    stack = Backbone(4, cell, 32, num_layers=2, bidirectional=True).cuda()
    head = torch.nn.Linear(64, 4).cuda()
    optimizer = torch.optim.Adam([*stack.parameters(), *head.parameters()], lr=1e-2)
    x, lengths = torch.randn(8, 20, 4, device="cuda"), torch.randint(1, 21, (8,), device="cuda")
    valid = torch.arange(20, device="cuda") < lengths[:, None]
    losses = []
    for _ in range(60):
        with torch.autocast("cuda", torch.bfloat16):
            y, _ = stack(x, lengths)
            loss = (head(y).float() - x)[valid].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2

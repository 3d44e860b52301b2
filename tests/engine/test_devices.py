"""Engines on a simulated GPU: which runs, how precisely, what it waits for, and what happens when one does not work."""

import contextlib
import logging

import pytest
import torch
from simulated import autocast, counting, device, move, off_gpu, on_gpu

from rnnbench.backbone import Backbone, Dropout
from rnnbench.cells import GRU, LSTM, LayerNormLSTM, MatrixLSTM, MinGRU, PeepholeLSTM
from rnnbench.engine import auto, prove, recurrent_precision, select_engine, torch_layers
from rnnbench.engine.cuda import device as cuda_device
from rnnbench.engine.cuda import engine as triton_engine
from rnnbench.engine.cuda import loop, scan
from rnnbench.engine.precision import allows_tf32
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.engine.traced.prepare import prepare
from rnnbench.engine.traced.trace import trace_step
from rnnbench.errors import UserError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def call(engine, cell, x, lengths=None):
    state = cell.initial_state(len(x), x)
    return engine.run(cell, dict(cell.named_parameters()), x, state, lengths)


@pytest.fixture
def fresh(monkeypatch):
    """As a process in which no engine was tried and nothing logged."""
    monkeypatch.setattr(prove, "_found", {})
    auto._log_once.cache_clear()


@pytest.fixture
def no_triton(monkeypatch):
    monkeypatch.setattr(cuda_device, "missing", lambda device: "triton is not installed")
    for module in (triton_engine, scan):
        monkeypatch.setattr(module, "missing", lambda device: "triton is not installed")


@pytest.fixture
def triton_runs(monkeypatch):
    """Row kernels run in Triton's interpreter, on what simulated tensors hold."""
    pytest.importorskip("triton")
    for module in (triton_engine, scan):
        monkeypatch.setattr(module, "missing", lambda device: None)
    launch = loop.launch
    monkeypatch.setattr(loop, "launch", lambda one, batch, given: launch(one, batch, [held(value) for value in given]))
    monkeypatch.setattr("rnnbench.engine.cuda.graphs._can_capture", lambda z: False)
    monkeypatch.setattr(torch.cuda, "device_of", lambda x: contextlib.nullcontext())


def held(value):
    return off_gpu(value) if isinstance(value, torch.Tensor) else value


# --- tracing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_no_autocast_of_any_device_while_tracing(kind):
    """Within CUDA's autocast a step used to be refused: it converts to bfloat16."""
    seen = []

    class Watched(LSTM):
        def step(self, z, state):
            seen.append(torch.is_autocast_enabled("cuda") or torch.is_autocast_enabled("cpu"))
            return super().step(z, state)

    with torch.autocast("cpu", torch.bfloat16) if kind == "cpu" else autocast(torch.bfloat16):
        prepare(Watched(3, 4), False)
    assert seen == [False]


def test_a_cell_on_a_gpu_is_traced_under_its_autocast(triton_runs):
    cell = move(PeepholeLSTM(3, 4))
    with device(), autocast(torch.bfloat16):
        y, _ = call(select_engine(cell, "triton"), cell, on_gpu(torch.randn(2, 5, 3)))
    assert y.dtype == torch.float32


def test_a_refusal_is_found_once(monkeypatch):
    calls = []

    def traced(*given):
        calls.append(given)
        return trace_step(*given)

    monkeypatch.setattr("rnnbench.engine.traced.plan.trace_step", traced)
    cell = MatrixLSTM(4, 4)
    for _ in range(3):
        with pytest.raises(Unsupported, match="more than one axis"):
            prepare(cell, False)
    assert len(calls) == 1


class Ramp(LSTM):
    """Makes a constant where its input is."""

    def step(self, z, state):
        y, state = super().step(z, state)
        return y + torch.linspace(0, 1, self.hidden_size, device=z.device), state


def test_a_plan_made_on_the_cpu_is_not_taken_on_a_gpu(triton_runs):
    torch.manual_seed(0)
    cell, x = Ramp(3, 4), torch.randn(2, 5, 3)
    expected, _ = call(select_engine(cell, "fused"), cell, x)
    prepare(cell, False)
    with device():
        move(cell)
        y, _ = call(select_engine(cell, "triton"), cell, on_gpu(x))
    torch.testing.assert_close(off_gpu(y), expected)


# --- precision --------------------------------------------------------------------------------------------------------


class Recorded(torch.autograd.Function):
    """Stands for cuDNN: notes the type it is handed and the setting that its kernels would read, both ways."""

    seen = None

    @staticmethod
    def forward(ctx, x, weight, state):
        Recorded.seen.append(("forward", x.dtype, torch.backends.cudnn.rnn.fp32_precision))
        ctx.save_for_backward(x, weight)
        return x @ weight.t()[:, : state.shape[-1]], state.clone()

    @staticmethod
    def backward(ctx, dy, dstate):
        Recorded.seen.append(("backward", dy.dtype, torch.backends.cudnn.rnn.fp32_precision))
        x, weight = ctx.saved_tensors
        return torch.zeros_like(x), torch.zeros_like(weight), dstate


@pytest.fixture
def recorded(monkeypatch):
    def layer(x, state, weights, *_):
        return Recorded.apply(x, weights[0] + sum(one.sum() for one in weights[1:]), state)

    Recorded.seen = []
    monkeypatch.setattr(torch_layers, "_fused_layer", lambda cell: layer)
    return Recorded.seen


@pytest.fixture
def matmul_precision():
    """Puts the setting back."""
    before = torch.get_float32_matmul_precision()
    yield torch.set_float32_matmul_precision
    torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_cudnn_computes_in_what_autocast_says(low, recorded):
    cell = move(GRU(3, 4))
    with device(), autocast(low):
        y, _ = call(select_engine(cell, "torch"), cell, on_gpu(torch.randn(2, 5, 3)))
        y.sum().backward()
    assert [(way, dtype) for way, dtype, _ in recorded] == [("forward", low), ("backward", low)]
    assert y.dtype == torch.float32


@pytest.mark.parametrize(("setting", "wanted"), [("highest", "ieee"), ("high", "tf32")])
def test_cudnn_has_the_tf32_of_other_products(setting, wanted, recorded, matmul_precision):
    matmul_precision(setting)
    before = torch.backends.cudnn.rnn.fp32_precision
    cell = move(GRU(3, 4))
    x = on_gpu(torch.randn(2, 5, 3)).requires_grad_()
    with device():
        y, _ = call(select_engine(cell, "torch"), cell, x)
        y.sum().backward()
    assert [(way, precision) for way, _, precision in recorded] == [("forward", wanted), ("backward", wanted)]
    assert torch.backends.cudnn.rnn.fp32_precision == before
    assert torch.backends.cudnn.allow_tf32 in (True, False)  # an error where parts of cuDNN differ
    assert cell.weight_ih.grad is not None


def test_cudnn_is_handed_states_without_gaps(monkeypatch):
    def layer(x, state, weights, *_):
        assert state.is_contiguous()
        return x[..., :1].expand(-1, -1, 4), state

    monkeypatch.setattr(torch_layers, "_fused_layer", lambda cell: layer)
    cell, state = GRU(3, 4), (torch.randn(2, 8)[:, ::2],)
    torch_layers.TorchEngine().run(cell, dict(cell.named_parameters()), torch.randn(2, 5, 3), state, None)


@pytest.mark.parametrize("name", ["reference", "triton", "chunkwise", "torch"])
@pytest.mark.parametrize("low", [torch.bfloat16, torch.float16])
def test_products_round_as_autocast_says_on_every_engine(name, low, triton_runs):
    """Loops carry float32; what is multiplied with a weight is rounded, and nothing is further off than that."""
    torch.manual_seed(0)
    kind = MatrixLSTM if name == "chunkwise" else LSTM
    cell, x, lengths = kind(8, 8), torch.randn(3, 6, 8), torch.tensor([6, 2, 4])
    exact, _ = call(ReferenceEngine(), cell, x, lengths)
    with device():
        move(cell)
        with autocast(low):
            y, last = call(select_engine(cell, name), cell, on_gpu(x), lengths)
    assert {y.dtype, *(leaf.dtype for leaf in last)} == {torch.float32}
    error = float((off_gpu(y) - exact).abs().max().detach() / exact.abs().max().detach())
    bound = {torch.bfloat16: 5e-2, torch.float16: 1e-2}[low]
    assert 1e-6 < error < bound


def test_the_recorder_reads_one_setting(matmul_precision):
    assert recurrent_precision("cpu", torch.float32) == "float32"
    assert recurrent_precision("cuda", torch.float32) == "float32"
    assert recurrent_precision("cuda", torch.float64) == "float64"
    assert recurrent_precision("cuda", torch.bfloat16) == "bfloat16"
    matmul_precision("high")
    assert allows_tf32()
    assert recurrent_precision("cuda", torch.float32) == "tf32"
    assert recurrent_precision("cpu", torch.float32) == "float32"
    with autocast(torch.bfloat16):
        assert recurrent_precision("cuda", torch.float32) == "bfloat16"
    with torch.autocast("cpu", torch.bfloat16):
        assert recurrent_precision("cpu", torch.float32) == "float32"


@pytest.mark.parametrize("name", ["reference", "fused", "torch"])
def test_on_a_cpu_recurrent_products_are_float32_on_every_engine(name):
    torch.manual_seed(0)
    cell, x = LSTM(8, 8), torch.randn(3, 6, 8)
    with torch.no_grad():
        # What autocast rounds outside of the loop.
        z = torch.nn.functional.linear(x.bfloat16(), cell.weight_ih.bfloat16(), cell.bias_ih.bfloat16()).float()
        h, c = (leaf for leaf in cell.initial_state(3, x))
        for t in range(6):
            expected, (h, c) = cell.step(z[:, t], (h, c))
        with torch.autocast("cpu", torch.bfloat16):
            y, _ = call(select_engine(cell, name), cell, x)
    if name == "torch":  # its layer projects as well
        torch.testing.assert_close(y[:, -1], expected, atol=1e-2, rtol=1e-2)
    else:
        torch.testing.assert_close(y[:, -1], expected, atol=1e-6, rtol=1e-5)


# --- which engine, and when it does not work --------------------------------------------------------------------------


def test_auto_takes_what_the_device_has(triton_runs, fresh, caplog):
    caplog.set_level(logging.INFO)
    cells = [LSTM(3, 4), PeepholeLSTM(3, 4), MatrixLSTM(4, 4)]
    engine = select_engine(cells[0])
    with device():
        for cell in cells:
            for _ in range(2):
                call(engine, cell, torch.randn(2, 5, cell.input_size))
            move(cell)
            for _ in range(2):
                call(engine, cell, on_gpu(torch.randn(2, 5, cell.input_size)), torch.tensor([5, 3]))
    said = [record.message.split(";")[0] for record in caplog.records]
    assert said == [
        "LSTM runs on the fused engine",
        "LSTM runs on the torch engine on cuda",
        "PeepholeLSTM runs on the fused engine",
        "PeepholeLSTM runs on the triton engine on cuda",
        "MatrixLSTM runs on the chunkwise engine",
        "MatrixLSTM runs on the chunkwise engine on cuda",
    ]


@pytest.mark.parametrize("failure", ["raises", "nan", "wrong backward"])
def test_auto_falls_back_from_an_engine_that_does_not_work(failure, triton_runs, fresh, monkeypatch, caplog):
    """The proof runs once for a class of cells, whatever number of layers."""
    caplog.set_level(logging.INFO)
    launch, launches = loop.launch, []

    def broken(one, batch, given):
        launches.append(one.kernel.name)
        if failure == "raises":
            raise RuntimeError("Failed to find C compiler")
        launch(one, batch, given)
        if failure == "nan" or one.kernel.name.startswith("backward"):
            # The last of its buffers is one that it writes.
            held(given[len(one.kernel.buffers) - 1]).fill_(torch.nan if failure == "nan" else 0.5)

    monkeypatch.setattr(loop, "launch", broken)
    torch.manual_seed(0)
    stack, x = Backbone(4, PeepholeLSTM, 4, num_layers=3), torch.randn(2, 5, 4)
    expected, _ = stack(x)
    before = torch.random.get_rng_state()
    with device():
        move(stack)
        y, _ = stack(on_gpu(x))
        proving = len(launches)
        stack(on_gpu(x))
    torch.testing.assert_close(off_gpu(y), expected)
    assert proving
    assert len(launches) == proving
    assert torch.equal(torch.random.get_rng_state(), before)
    (line,) = [record.message for record in caplog.records if "on cuda" in record.message]
    assert line.startswith("PeepholeLSTM runs on the reference engine on cuda")
    reason = (
        "it fails there (RuntimeError: Failed to find C compiler)" if failure == "raises" else "differs from the ref"
    )
    assert f"not on triton: {reason}" in line or ("not on triton: its" in line and reason in line)


def test_a_named_engine_raises_where_nothing_compiles(monkeypatch):
    pytest.importorskip("triton")
    from rnnbench.engine.cuda import row_math

    class Broken:
        def __getitem__(self, grid):
            raise RuntimeError("Failed to find C compiler. Please specify via CC environment variable.")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(row_math, "probe", Broken())
    cuda_device._failure.cache_clear()
    with device(), pytest.raises(UserError, match="triton engine cannot run LSTM: .*Failed to find C compiler"):
        select_engine(LSTM(3, 4), "triton")
    cuda_device._failure.cache_clear()


def test_the_probe_says_whether_kernels_work(monkeypatch):
    pytest.importorskip("triton")
    cuda_device._failure.cache_clear()
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    assert cuda_device._failure(torch.device("cpu")) is None
    cuda_device._failure.cache_clear()


def test_without_triton_the_reference_runs_and_says_so_once(no_triton, fresh, caplog):
    caplog.set_level(logging.INFO)
    with device():
        cell = move(MinGRU(3, 4))
        for _ in range(3):
            call(select_engine(cell), cell, on_gpu(torch.randn(2, 5, 3)))
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("MinGRU runs on the reference engine on cuda")
    assert line.count("triton is not installed") == 2


# --- waiting ----------------------------------------------------------------------------------------------------------


def step(stack, x, lengths):
    y, _ = stack(x, lengths)
    y.square().sum().backward()


@pytest.mark.parametrize("where", ["cpu", "cuda"])
@pytest.mark.parametrize("lengths", [[3, 3, 3], [3, 0, 2]])
@pytest.mark.parametrize("cell", [LSTM, LayerNormLSTM, MatrixLSTM])
def test_a_step_does_not_wait_for_the_device(cell, lengths, where, triton_runs, fresh):
    """Lengths on the CPU cost no wait at all, those on the device one."""
    stack = Backbone(4, cell, 4, bidirectional=True, dropout=Dropout(output=0.1), layer_norm=True)
    with device():
        move(stack)
        x, lengths = on_gpu(torch.randn(3, 3, 4)), torch.tensor(lengths)
        lengths = on_gpu(lengths) if where == "cuda" else lengths
        step(stack, x, lengths)  # engines are chosen
        with counting() as counts:
            step(stack, x, lengths)
    assert counts.syncs == ([] if where == "cpu" else ["cpu"])
    assert counts.launches

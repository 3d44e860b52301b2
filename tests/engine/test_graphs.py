"""Captured loops: their memory, their shapes on batches as loaders make them, and modes of autograd; without CUDA."""

import math

import numpy as np
import pytest
import torch

from rnnbench.cells import Elman, PeepholeLSTM
from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.engine.cuda import arena, engine, graphs
from rnnbench.engine.cuda.loop import Inputs

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


class RunAgain:
    """Stands for a CUDA graph: runs the function again, whose buffers come from the same memory."""

    def __init__(self, function):
        self.replay = function


@pytest.fixture
def captured(monkeypatch):
    """Captures loops without CUDA, and lists what each function made."""
    found = []

    def capture(function, device):
        made = function()
        found.append(made)
        return RunAgain(function), made

    monkeypatch.setattr(graphs, "_capture", capture)
    monkeypatch.setattr(graphs, "_beside", lambda function, device: function())
    monkeypatch.setattr(graphs, "_can_capture", lambda z: True)
    monkeypatch.setattr(graphs, "_limit", lambda device: math.inf)
    return found


@pytest.fixture
def interpreter(monkeypatch):
    pytest.importorskip("triton")


def layer(cell, lengths=None):
    params = dict(cell.named_parameters())
    return lambda x: engine.run_cell(cell, params, x, cell.initial_state(len(x), x), lengths)[0]


def inputs(steps, batch):
    z = torch.empty(0).expand(steps, batch, 0)
    return Inputs(z, None, None, (torch.empty(batch, 1),), ())


def test_shapes_are_rounded_up_by_an_eighth_at_most():
    for size in range(1, 3000):
        rounded = graphs._rounded(size)
        assert size <= rounded <= max(size, size * 1.125)
        assert graphs._rounded(rounded) == rounded
    assert len({graphs._rounded(size) for size in range(512, 1024)}) == 8 + 1


@pytest.mark.parametrize(("longest", "budget"), [(60, 4000), (400, 12800), (1500, 30000)])
def test_on_batches_of_loaders_nearly_every_step_is_replayed(longest, budget, monkeypatch):
    """Sentences and recordings: log-normal lengths, batches of so many tokens. After the first epoch, 1 % at most."""
    monkeypatch.setattr(graphs, "_can_capture", lambda z: True)
    monkeypatch.setattr(graphs.GraphCache, "_fits", lambda self, loop, like: captures.append(loop) or True)
    captures, eager, steps = [], [], 0
    cache = graphs.GraphCache()
    lengths = np.clip(np.random.default_rng(0).lognormal(math.log(longest / 3), 0.6, 30000), 1, longest).astype(int)
    training, evaluation = (
        TrainingBatches(lengths, Budget(budget), seed=1),
        evaluation_batches(lengths[:3000], Budget(budget)),
    )
    for epoch in range(3):
        if epoch == 1:
            captures.clear()
            eager.clear()
            steps = 0
        for batches, is_training in ((training.epoch(epoch), True), (evaluation, False)):
            for samples in batches:
                given = inputs(int(lengths[list(samples)].max()), len(samples))
                loop = cache.find(None, given, is_training, (), None)
                steps += 1
                if loop is None:
                    eager.append(given)
    assert len(captures) + len(eager) <= 0.01 * steps
    assert 20 < len(cache._loops) <= graphs._LOOPS


def test_loops_of_all_shapes_lie_in_the_same_memory(interpreter, captured):
    run = layer(Elman(3, 4))
    with torch.no_grad():
        for steps in (9, 9, 4, 4, 2, 2):
            run(torch.randn(2, steps, 3))
    largest, *others = (one.output.untyped_storage() for one in captured)
    assert len(captured) == 3
    assert {one.data_ptr() for one in others} == {largest.data_ptr()}
    assert arena.held(torch.device("cpu")) >= largest.nbytes()


def test_a_larger_shape_moves_them_all(interpreter, captured):
    run = layer(Elman(3, 4))
    x = torch.randn(2, 3, 3)
    with torch.no_grad():
        expected = run(x)
        for steps in (3, 9, 9, 3, 3):
            y = run(torch.randn(2, steps, 3) if steps == 9 else x)
    torch.testing.assert_close(y, expected)
    assert len(captured) == 3  # the small one anew


def test_what_does_not_fit_runs_eagerly(interpreter, captured, monkeypatch):
    limit = arena.held(torch.device("cpu")) + 5000
    monkeypatch.setattr(graphs, "_limit", lambda device: limit)
    run = layer(Elman(3, 4))
    with torch.no_grad():
        for _ in range(4):
            run(torch.randn(2, 2, 3))
            assert run(torch.randn(2, 60, 3)).shape == (2, 60, 4)
    assert {made.output.shape[0] for made in captured} == {2}


@pytest.mark.parametrize(("steps", "batch"), [(17, 2), (2, 17)])
@pytest.mark.parametrize("ragged", [False, True])
def test_rounded_shapes_change_no_number(steps, batch, ragged, interpreter, captured, monkeypatch):
    """17 is run as 18; what stands there from another batch is seen by nobody, if it is no number at all."""
    torch.manual_seed(0)
    cell = PeepholeLSTM(2, 3).double()
    run = layer(cell, torch.arange(batch) % (steps + 1) if ragged else None)
    x = torch.randn(batch, steps, 2, dtype=torch.float64, requires_grad=True)

    def outcome():
        y = run(x)
        return y, *torch.autograd.grad(y.square().sum(), [x, *cell.parameters()])

    with monkeypatch.context() as patch:
        patch.setattr(graphs, "_can_capture", lambda z: False)
        expected = outcome()
    full = [max(size, 18) if size > 2 else size for size in (batch, steps)]
    layer(cell)(torch.full((*full, 2), torch.nan, dtype=torch.float64)).sum().backward()
    assert [made.output.shape[:2] for made in captured[:1]] == [tuple(reversed(full))]
    for a, b in zip(expected, outcome(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    assert len(captured) == 2  # the same loop, forward and backward


def test_a_loop_captured_in_inference_mode_runs_in_any_other(interpreter, captured):
    """Validation comes first; then a frozen stack, then training."""
    cell = Elman(3, 4)
    run = layer(cell)
    x = torch.randn(1, 2, 3)
    with torch.inference_mode():
        expected = run(x).clone()
    assert captured
    with torch.no_grad():
        found = [run(x)]
    cell.requires_grad_(False)
    found.append(run(x))
    cell.requires_grad_(True)
    found.append(run(x))
    found[-1].sum().backward()
    with torch.inference_mode():
        found.append(run(x))
    for y in found:
        torch.testing.assert_close(y, expected)

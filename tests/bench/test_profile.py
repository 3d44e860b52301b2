"""Where a training step goes: every moment belongs to one part, and what is slow shows up as itself."""

import functools
import time
from pathlib import Path

import pytest
import torch
from lightning.pytorch import LightningModule
from torch import nn

import rnnbench.bench.profile
from rnnbench.applications import load_application
from rnnbench.backbone import CellNetwork
from rnnbench.bench import step_parts
from rnnbench.bench.profile import main
from rnnbench.bench.step_parts import (
    ATTENTION,
    BACKWARD,
    EMBEDDING,
    LOADER,
    LOOP,
    OPTIMIZER,
    PARTS,
    RECURRENCE,
    REST,
    Parts,
    PartsTimer,
    middle,
    time_parts,
)
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding

TINY = ["sentiment/builtin", *load_application("sentiment").card.tiny]
NOTHING = dict.fromkeys(PARTS, 0.0)


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def tick(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(step_parts.time, "perf_counter", lambda: clock.now)
    return clock


def fetch(timer, clock, seconds):
    with timer.profile("[_TrainingEpochLoop].train_dataloader_next"):
        clock.tick(seconds)


def test_every_moment_belongs_to_the_innermost_part(clock):
    class Stack(CellNetwork):
        dropout = cell_name = output_size = flops_per_token = summary = None

        def __init__(self):
            nn.Module.__init__(self)

        def step(self):
            clock.tick(4)

    timer, stack = PartsTimer(), Stack()
    timer.watch(stack)
    with timer.profile("run_training_epoch"):
        clock.tick(100)
        fetch(timer, clock, 1)
        clock.tick(2)
        with timer.profile("[LightningModule]Model.optimizer_step"):
            clock.tick(3)
            with timer.profile("[Strategy]SingleDeviceStrategy.training_step"):
                stack.step()
                with timer.profile("[LightningModule]Model.on_something"):
                    clock.tick(5)
            with timer.profile("[Callback]Watcher.on_before_optimizer_step"):
                clock.tick(6)
        fetch(timer, clock, 1)
        clock.tick(1000)
    # The second one is the last of its epoch.
    assert timer.steps == [{**NOTHING, LOADER: 1, LOOP: 8, OPTIMIZER: 3, RECURRENCE: 4, REST: 5}]


def test_a_gradient_belongs_to_the_part_of_its_forward_pass(clock):
    class Slow(torch.autograd.Function):
        """Takes so many seconds for its gradient."""

        @staticmethod
        def forward(ctx, x, seconds):
            ctx.seconds = seconds
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            clock.tick(ctx.seconds)
            return grad, None

    class Words(WordEmbedding):
        def __init__(self):
            nn.Module.__init__(self)

        def forward(self, x):
            return Slow.apply(Slow.apply(x, 1), 2)

    class Model(LightningModule):
        def __init__(self):
            super().__init__()
            self.words = Words()

        def training_step(self, batch):
            x = torch.ones(3, requires_grad=True)
            return (Slow.apply(self.words(Slow.apply(x, 10)), 20) * self.words(x)).sum()

    timer, model = PartsTimer(), Model()
    timer.watch(model)
    with timer.profile("run_training_epoch"):
        fetch(timer, clock, 1)
        with timer.profile("[Strategy]SingleDeviceStrategy.training_step"):
            loss = model.training_step(None)
        with timer.profile("[Strategy]SingleDeviceStrategy.backward"):
            loss.backward()
        fetch(timer, clock, 1)
    assert timer.steps == [{**NOTHING, LOADER: 1, BACKWARD[EMBEDDING]: 6, BACKWARD[REST]: 30}]


def test_an_epoch_does_not_reach_into_the_next(clock):
    timer = PartsTimer()
    for _ in range(2):
        with timer.profile("run_training_epoch"):
            for _ in range(3):
                fetch(timer, clock, 1)
        clock.tick(100)
    assert timer.steps == [{**NOTHING, LOADER: 1}] * 4


def test_means_of_the_middle_half_add_up():
    steps = [{LOADER: 1}, {REST: 4}, {LOADER: 3, REST: 3}, {LOADER: 90}]
    assert middle([{**NOTHING, **step} for step in steps]) == {**NOTHING, LOADER: 1.5, REST: 3.5}


def test_what_is_slow_shows_up_as_its_part(monkeypatch):
    forward = WordEmbedding.forward

    @functools.wraps(forward)
    def slow(*args):
        time.sleep(0.1)
        return forward(*args)

    monkeypatch.setattr(WordEmbedding, "forward", slow)
    parts = time_parts(TINY, 4)
    assert parts.model == "BiLSTM 1x6, max"
    assert list(parts.seconds) == list(PARTS)
    assert min(parts.seconds.values()) >= 0
    assert all(parts.seconds[part] > 0 for part in PARTS if part not in (ATTENTION, BACKWARD[ATTENTION]))
    assert parts.seconds[EMBEDDING] >= 0.1
    assert max(parts.seconds, key=parts.seconds.get) == EMBEDDING
    assert not Path("runs").exists()


def test_one_batch_an_epoch():
    with pytest.raises(UserError, match="too few batches"):
        time_parts([*TINY, "--data.batch_size=60"], 2)


def test_a_row_for_each_that_learns_by_gradients(monkeypatch, capsys):
    answers = {"sentiment/builtin": Parts("BiLSTM 1x4", {**NOTHING, LOADER: 0.003, REST: 0.001})}
    monkeypatch.setattr(
        rnnbench.bench.profile, "run_fresh", lambda threads, env, function, words, steps: answers.get(words[0])
    )
    assert main(["sentiment/builtin", "probe/builtin", "--threads", "1"]) == 0
    text = Path("BENCHMARKS.md").read_text()
    assert text.count("<!-- section:") == 1
    assert "| sentiment/builtin | BiLSTM 1x4 | 4.0 | 75% | - | - | - | 25% + 0% | - |" in text
    assert "Not measured: probe/builtin (learns from no gradient" in text


@pytest.mark.parametrize("words", [["sentiment/nope"], ["--steps", "1"]])
def test_bad_options(words, capsys):
    assert main(words) == 2
    assert words[0] in capsys.readouterr().err

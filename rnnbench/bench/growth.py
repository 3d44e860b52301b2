"""How the cost of training grows: a step of a language model in its sizes, an epoch in the rows of its data."""

from __future__ import annotations

import functools
import math
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnbench.backbone import Backbone
from rnnbench.bench.fixed import Effort
from rnnbench.bench.memory import peak
from rnnbench.bench.steps import Step
from rnnbench.bench.timing import time_in_turns
from rnnbench.bench.training_step import trained_step
from rnnbench.cells import LSTM
from rnnbench.cli.training import run_verb
from rnnbench.data.batches.batch import StripBatch
from rnnbench.data.text.tokenizer import SPECIALS, Tokenizer
from rnnbench.tasks.text_generation import LanguageModel


class Sizes(NamedTuple):
    """Of a training step of an LSTM language model with an embedding as wide as its hidden layer."""

    time: int = 64
    """T, time steps of a window."""
    batch: int = 16
    """B, windows."""
    hidden: int = 128
    """H, hidden units."""
    vocabulary: int = 500
    """V, words."""


def step_seconds(cases: Sequence[Sizes], effort: Effort) -> list[float]:
    """Seconds of a training step, the medians of rounds in turn; to be called in a fresh process."""
    steps = {str(number): _step(sizes) for number, sizes in enumerate(cases)}
    times = time_in_turns(steps, *effort)
    return [statistics.median(times[name]) for name in steps]


def step_bytes(cases: Sequence[Sizes]) -> list[int]:
    """Peak memory of a training step, with weights, gradients and Adam's averages.

    To be called in a fresh process with `rnnbench.bench.memory.ENVIRONMENT`.
    """

    def steps(sizes: Sizes) -> None:
        # The model is made within what is counted, and the averages in its first step.
        step = _step(sizes)
        step()
        step()

    return [peak(functools.partial(steps, sizes), "cpu") for sizes in cases]


def epoch_seconds(words: Sequence[str], epochs: int = 3) -> float:
    """Seconds of an epoch of training, the least of all but the first; to be called in a fresh process.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.
        epochs: How many are trained.
    """
    clock = _EpochClock()
    options = ["--trainer.accelerator=cpu", "--trainer.devices=1", f"--trainer.max_epochs={epochs}"]
    options.append(f"--trainer.check_val_every_n_epoch={epochs + 1}")
    with tempfile.TemporaryDirectory() as folder:
        run_verb(["fit", "--config", *words, *options, "--runs", folder], [clock])
    return min(clock.seconds[1:])


def slope(sizes: Iterable[float], costs: Iterable[float]) -> float:
    """The power k of cost = a size^k, by least squares of the logarithms."""
    powers = np.polyfit([math.log(size) for size in sizes], [math.log(cost) for cost in costs], 1)
    return float(powers[0])


class _EpochClock(Callback):
    """Seconds from the first to the last step of every epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts."""
        self._began = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops."""
        self.seconds.append(time.perf_counter() - self._began)


def _step(sizes: Sizes) -> Step:
    model = LanguageModel(
        backbone=functools.partial(Backbone, cell=LSTM, hidden_size=sizes.hidden), embedding_size=sizes.hidden
    )
    words = [*SPECIALS, *map(str, range(sizes.vocabulary - len(SPECIALS)))]
    model.use_spec(Tokenizer("word", words).state())
    x = torch.randint(sizes.vocabulary, (sizes.batch, sizes.time + 1))
    starts = torch.ones(sizes.batch, dtype=torch.bool)
    batch = StripBatch(x[:, :-1], x[:, 1:], starts, torch.tensor(0), sizes.batch * sizes.time)
    return functools.partial(trained_step(model, 1.0), batch)

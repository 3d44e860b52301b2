"""Times training steps of a model of ours and of the plain one in turns, and how much memory each takes at most."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

import torch
from torch import nn

from rnnbench.bench.memory import peak
from rnnbench.bench.plain.captioning import PlainCaptioner
from rnnbench.bench.plain.labelling import PlainTagger
from rnnbench.bench.plain.model import PlainModel
from rnnbench.bench.plain.sentiment import PlainClassifier
from rnnbench.bench.plain.speech import PlainRecognizer
from rnnbench.bench.plain.text_generation import PlainLanguageModel
from rnnbench.bench.plain.translation import PlainTranslator
from rnnbench.bench.steps import Step
from rnnbench.bench.timing import Times, time_in_turns
from rnnbench.bench.training_step import count, read_command, trained_step
from rnnbench.errors import UserError
from rnnbench.tasks.base import Task, TaskData
from rnnbench.tasks.captioning import Captioner
from rnnbench.tasks.labelling import Tagger
from rnnbench.tasks.sentiment import RecurrentClassifier
from rnnbench.tasks.speech import Recognizer
from rnnbench.tasks.text_generation import LanguageModel
from rnnbench.tasks.translation import Translator

_PLAIN: dict[type[Task[Any]], Callable[[Any], PlainModel]] = {
    LanguageModel: PlainLanguageModel,
    RecurrentClassifier: PlainClassifier,
    Tagger: PlainTagger,
    Recognizer: PlainRecognizer,
    Translator: PlainTranslator,
    Captioner: PlainCaptioner,
}
_BATCHES = 4
_SAME = 1e-4
_WRITTEN = 300


class Compared(NamedTuple):
    """Two models and what they are trained with."""

    ours: Task[Any]
    plain: PlainModel
    batches: list[Any]
    clip: float
    """The norm to which gradients are clipped."""


class Timed(NamedTuple):
    """What was timed."""

    units: int
    """Tokens of a round, or frames."""
    times: Times
    """Seconds of ``ours`` and ``plain``."""


def compared(words: Sequence[str]) -> Compared:
    """Our model of a configuration and the plain one with its weights, and the first batches of the training.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.

    Raises:
        UserError: No plain model is written for this one.
    """
    command = read_command(words)
    ours, data = cast(Task[Any], command.model), cast(TaskData, command.datamodule)
    make = _PLAIN.get(type(ours))
    if make is None:
        raise UserError(f"no plain model is written for {type(ours).__name__}")
    data.prepare_data()
    data.setup("fit")
    ours.use_spec(data.spec)
    batches = list(itertools.islice(data.train_dataloader(), _BATCHES))
    return Compared(ours, make(ours), batches, command.trainer.gradient_clip_val or math.inf)


def check_same(both: Compared) -> None:
    """Refuses to compare models that are not the same: in their size, or in the loss of a batch without dropout.

    Raises:
        UserError: They differ.
    """
    ours, plain, batch = both.ours, both.plain, both.batches[0]
    sizes = count(ours), count(plain)
    if sizes[0] != sizes[1]:
        raise UserError(f"the plain model has {sizes[1]:,} parameters, and ours {sizes[0]:,}: one is not the other")
    for model in (ours, plain):
        model.eval()
    with torch.no_grad():
        found = ours.loss(batch)
        assert found is not None, "models that are learned by counting have no plain one"
        loss = float(found.total / found.units + (0 if found.penalty is None else found.penalty))
        other = float(plain.loss(batch))
    for model in (ours, plain):
        model.train()
    if not math.isclose(loss, other, rel_tol=_SAME):
        raise UserError(f"the plain model loses {other:.6g} on a batch, and ours {loss:.6g}: one is not the other")


def plain_step(both: Compared) -> Callable[[Any], None]:
    """A training step of a tutorial on a batch; the optimizer is that of the preset, as torch makes it."""
    model, clip = both.plain, both.clip
    optimizer = cast(Callable[..., torch.optim.Optimizer], both.ours.optimizer)(model.parameters())

    def step(batch: Any) -> None:
        optimizer.zero_grad()
        model.loss(batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()

    return step


def time_both(words: Sequence[str], rounds: int) -> Timed:
    """Times the first batches of a training by each; to be called in a fresh process."""
    both = compared(words)
    check_same(both)
    return Timed(sum(batch.tokens for batch in both.batches), time_in_turns(_rounds(both), rounds, math.inf))


def time_sampling(words: Sequence[str], rounds: int) -> Times | None:
    """Times texts of some tokens by each, a token at a time; to be called in a fresh process.

    Returns:
        None for a model that writes no text.
    """
    both = compared(words)
    ours, plain = both.ours, both.plain
    if not isinstance(ours, LanguageModel) or not isinstance(plain, PlainLanguageModel):
        return None
    end, sampling = ours.tokenizer.end, replace(ours.sampling, length=_WRITTEN)
    steps: dict[str, Step] = {
        "ours": lambda: "".join(ours.write("", sampling)),
        "plain": lambda: plain.write(end, _WRITTEN),
    }
    return time_in_turns(steps, rounds, math.inf)


def peak_of(words: Sequence[str], name: str) -> int:
    """Bytes that the steps of ``ours`` or ``plain`` take; to be called as `rnnbench.bench.memory.cell_peak`."""
    # Of a tiny model nobody sees any, and a ratio needs a number.
    return max(1, peak(_rounds(compared(words))[name], "cpu"))


def _rounds(both: Compared) -> dict[str, Step]:
    def train(step: Callable[[Any], None], model: nn.Module) -> None:
        for batch in both.batches:
            step(batch)
        # Gradients are memory that a step takes: none are to be there before the next round.
        model.zero_grad()

    steps = {"ours": (trained_step(both.ours, both.clip), both.ours), "plain": (plain_step(both), both.plain)}
    return {name: functools.partial(train, *step) for name, step in steps.items()}

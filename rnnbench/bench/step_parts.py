"""Takes a training step apart: where its time goes, in a run of ``rnnbench fit``.

One clock runs all the time, and every moment is charged to the innermost part that has been entered and not left yet,
so that the parts of a step add up to it. Parts are entered where Lightning tells its profiler, and where a method of a
module of some kind is called. A gradient is charged to the part whose forward pass it belongs to: nodes of the graph
are numbered in the order in which they were made. On the CPU, where work is done when a call returns, that is exact.
"""

from __future__ import annotations

import functools
import inspect
import statistics
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.profilers import Profiler
from torch import Tensor, nn
from torch.autograd.graph import Node

from rnnbench.backbone import CellNetwork
from rnnbench.cli.training import run_verb
from rnnbench.errors import UserError
from rnnbench.nn.attention import Attention
from rnnbench.nn.characters import CharacterEncoder
from rnnbench.nn.decoder import Decoder
from rnnbench.nn.embedding import WordEmbedding
from rnnbench.nn.image_encoders.base import RegionEncoder
from rnnbench.tasks.base import Task

LOADER, CLIPPING, OPTIMIZER, LOOP = "loader", "clipping", "optimizer", "Lightning's loop"
EMBEDDING, RECURRENCE, ATTENTION, REST = "embedding", "recurrence", "attention, decoder", "output, loss"
BACKWARD = {part: f"{part}, backward" for part in (EMBEDDING, RECURRENCE, ATTENTION, REST)}
"""The backward passes of the parts that have any."""
PARTS = (LOADER, *BACKWARD, *BACKWARD.values(), CLIPPING, OPTIMIZER, LOOP)

_MODULES: Mapping[str, tuple[type[nn.Module], ...]] = {
    EMBEDDING: (nn.Embedding, WordEmbedding, CharacterEncoder, RegionEncoder),
    RECURRENCE: (CellNetwork,),
    ATTENTION: (Attention, Decoder),
}

# What Lightning tells its profiler: who calls, and the last part of the name.
_FETCH = "train_dataloader_next"
_ACTIONS = {
    ("_TrainingEpochLoop", _FETCH): LOADER,
    ("Strategy", "batch_to_device"): LOADER,
    ("Strategy", "training_step"): REST,
    ("Strategy", "backward"): BACKWARD[REST],
    ("LightningModule", "on_before_optimizer_step"): CLIPPING,
    ("LightningModule", "configure_gradient_clipping"): CLIPPING,
    ("LightningModule", "optimizer_step"): OPTIMIZER,
}
_EPOCH = "run_training_epoch"
# Nodes that add up gradients of weights have no number, and belong to what comes before them.
_NUMBERED = 2**63


class Parts(NamedTuple):
    """Where the step of a training goes."""

    model: str
    """The model's name."""
    seconds: dict[str, float]
    """Part of `PARTS` -> seconds of a step; together a whole step."""


class PartsTimer(Profiler):
    """Charges time to parts, step by step. A step begins where a batch is asked for, and ends where the next one is.

    The last step of an epoch, after which models are validated and saved, is not kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[str, float]] = []
        """Seconds of the parts of every step that was kept."""
        self._open: list[str] = [LOOP]
        self._marks: list[tuple[int, str]] = []
        self._step: dict[str, float] | None = None
        self._since = time.perf_counter()

    def start(self, action_name: str) -> None:
        """Enters what Lightning begins."""
        self._charge()
        if action_name == _EPOCH:
            self._step = None
        elif action_name.endswith(_FETCH):
            if self._step is not None:
                self.steps.append(self._step)
            self._step = dict.fromkeys(PARTS, 0.0)
        self._open.append(self._part(action_name))

    def stop(self, action_name: str) -> None:
        """Leaves what Lightning ends."""
        self._leave()

    def watch(self, model: nn.Module) -> None:
        """Times the public methods of all modules of the kinds that are told apart."""
        for module in model.modules():
            for part, kinds in _MODULES.items():
                if isinstance(module, kinds):
                    for name in _public_methods(type(module)):
                        setattr(module, name, self._timed(getattr(module, name), part))
        if isinstance(model, LightningModule):
            model.training_step = self._followed(model.training_step)  # type: ignore[method-assign]

    def _timed(self, method: Callable[..., Any], part: str) -> Callable[..., Any]:
        @functools.wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._charge()
            self._open.append(part)
            self._mark()
            try:
                return method(*args, **kwargs)
            finally:
                self._leave()
                self._mark()

        return timed

    def _followed(self, training_step: Callable[..., Any]) -> Callable[..., Any]:
        """A training step whose gradients are charged to the parts that they belong to."""

        @functools.wraps(training_step)
        def followed(*args: Any, **kwargs: Any) -> Any:
            self._marks.clear()
            self._mark()
            loss = training_step(*args, **kwargs)
            self._charge()
            if loss is not None:
                self._follow(loss)
            # What it takes to look is no part of a step.
            self._since = time.perf_counter()
            return loss

        return followed

    def _mark(self) -> None:
        """From here on nodes of the graph are made by the part that is open."""
        self._marks.append((torch.autograd._get_sequence_nr(), self._open[-1]))

    def _follow(self, loss: Tensor) -> None:
        starts = [start for start, _ in self._marks]
        waiting, seen = [loss.grad_fn], set[Node]()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            waiting += [before for before, _ in node.next_functions]
            number = cast(Any, node)._sequence_nr()
            if number < _NUMBERED:
                _, part = self._marks[max(0, bisect_right(starts, number) - 1)]
                node.register_prehook(functools.partial(self._turn_to, BACKWARD.get(part, BACKWARD[REST])))

    def _turn_to(self, part: str, gradients: Any) -> None:
        self._charge()
        self._open[-1] = part

    def _part(self, action: str) -> str:
        who, _, name = action.rpartition(".")
        who = who.partition("]")[0].removeprefix("[")
        if who == "Callback":
            return LOOP
        # What is none of the parts belongs to the one that it happens in.
        return _ACTIONS.get((who, name), self._open[-1])

    def _leave(self) -> None:
        self._charge()
        self._open.pop()

    def _charge(self) -> None:
        now = time.perf_counter()
        if self._step is not None:
            self._step[self._open[-1]] += now - self._since
        self._since = now


class _Watch(Callback):
    """Puts the timer into a training that begins, and ends it after so many steps."""

    def __init__(self, steps: int) -> None:
        self.timer = PartsTimer()
        self.model: str | None = None
        self._steps = steps

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends before the first step what takes none by a gradient: it is counted, or trained by code of its own."""
        trainer.should_stop = not pl_module.automatic_optimization

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begins with the first epoch: all that is done with the model before it, such as copies of it, is over."""
        assert isinstance(pl_module, Task)
        if self.model is None and pl_module.automatic_optimization:
            self.model = pl_module.model_name()
            self.timer.watch(pl_module)
            trainer.profiler = self.timer  # type: ignore[attr-defined]

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Stops when there are enough that are kept."""
        trainer.should_stop = trainer.should_stop or len(self.timer.steps) >= self._steps


def time_parts(words: Sequence[str], steps: int) -> Parts | None:
    """Takes training steps of a preset apart, as ``rnnbench fit`` takes them; to be called in a fresh process.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.
        steps: How many steps are timed, after half as many that warm up.

    Returns:
        The means over the middle half of the steps by length; None for a model that learns from no gradient.

    Raises:
        UserError: An epoch has one batch only.
    """
    warming = steps // 2
    wanted = warming + steps
    watch = _Watch(wanted)
    # Nothing but steps: no validation, and as many epochs as they take.
    ends = {"max_steps": 4 * wanted, "max_epochs": 10**6, "max_time": "null", "check_val_every_n_epoch": 10**6}
    options = [f"--trainer.{name}={value}" for name, value in ends.items()]
    with tempfile.TemporaryDirectory() as folder:
        run_verb(
            ["fit", "--config", *words, *options, "--trainer.accelerator=cpu", "--trainer.devices=1", "--runs", folder],
            [watch],
        )
    if watch.model is None:
        return None
    kept = watch.timer.steps[warming:]
    if not kept:
        raise UserError("an epoch has too few batches, and its last one is not timed", where=words[0])
    return Parts(watch.model, middle(kept))


def middle(steps: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every part over the middle half of the steps by length, so that the means add up, too."""
    by_length = sorted(steps, key=lambda step: sum(step.values()))
    rest = len(by_length) // 4
    kept = by_length[rest : len(by_length) - rest]
    return {part: statistics.fmean(step[part] for step in kept) for part in PARTS}


def _public_methods(kind: type[nn.Module]) -> set[str]:
    """Names of what a class and its bases add to those of nn.Module, ``forward`` among it."""
    bases = [base for base in kind.__mro__ if issubclass(base, nn.Module) and base is not nn.Module]
    found = {name for base in bases for name, value in vars(base).items() if inspect.isfunction(value)}
    return {name for name in found if not name.startswith("_")}

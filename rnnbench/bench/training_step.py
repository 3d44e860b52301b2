"""Times training steps of an application: as it is, with torch.nn's layers, and as tutorials write it.

``ours`` is the model on its own batches. ``padded`` is the same model with torch.nn's layers in the place of the
backbone, on the same padded batches. ``packed`` is that on packed sequences, the samples of all batches put together
anew at random. All three see the same samples, so the ratio of times is that of real tokens a second.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
from lightning.pytorch.cli import LightningCLI, OptimizerCallable
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.backbone import Backbone
from rnnbench.bench.fixed import Effort
from rnnbench.bench.layers import layers_of, nothing_alike
from rnnbench.bench.steps import Step
from rnnbench.bench.timing import Times, time_in_turns
from rnnbench.cli.presets import resolve_configs
from rnnbench.cli.quiet import quiet
from rnnbench.cli.training import import_all
from rnnbench.errors import UserError
from rnnbench.tasks.base import Task, TaskData
from rnnbench.tasks.base.fuse import fuse


class Measured(NamedTuple):
    """What was timed."""

    model: str
    """The model's name."""
    tokens: int
    """Real tokens of one round."""
    times: Times
    """Seconds of ``ours``, ``padded`` and ``packed``, and of the recurrence alone in the first two."""


class Layers(nn.Module):
    """The layers of torch.nn that are the same mathematics as a backbone, with its weights.

    Args:
        backbone: A plain stack of LSTM, GRU or Elman cells.
        packed: Whether sequences are packed, or run through with their padding.

    Raises:
        UserError: torch.nn has no such layers.
    """

    def __init__(self, backbone: Backbone, packed: bool) -> None:
        super().__init__()
        self.layers = layers_of(backbone.cells, backbone.dropout.between)
        if count(self.layers) != count(backbone):
            raise nothing_alike()
        self.packed = packed

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Any]:
        """Sequences ``(B, T, I)`` with ``lengths (B,)`` -> ``(B, T, O)``; padding is not told apart unless packed."""
        if not self.packed or lengths is None:
            return self.layers(x)
        rows = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.layers(rows)[0], batch_first=True, total_length=x.shape[1])[0], None


def time_application(words: Sequence[str], batches: int, effort: Effort) -> Measured:
    """Times an application's training; to be called in a fresh process.

    Args:
        words: A configuration as ``rnnbench fit`` takes it.
        batches: Number of batches of a round: the first of the training.
        effort: How long.
    """
    model, data = instantiate(words)
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    loader = data.train_dataloader()
    read = getattr(loader, "read", None)
    if read is None:
        raise UserError("this application has no batches of different lengths", where=words[0])
    bucketed = [batch for batch, _ in zip(loader, range(batches), strict=False)]
    samples = torch.cat([batch.ids for batch in bucketed])
    shuffled = samples[torch.randperm(len(samples), generator=torch.Generator().manual_seed(0))]
    mixed = [read(part.tolist(), 0) for part in shuffled.tensor_split(len(bucketed))]
    padded, packed = _with_layers(model, packed=False), _with_layers(model, packed=True)
    steps = {
        "ours": _training(model, bucketed),
        "padded": _training(padded, bucketed),
        "packed": _training(packed, mixed),
        "ours, recurrence": _recurrence(model, bucketed),
        "padded, recurrence": _recurrence(padded, bucketed),
    }
    return Measured(model.model_name(), sum(batch.tokens for batch in bucketed), time_in_turns(steps, *effort))


def instantiate(words: Sequence[str]) -> tuple[Task, TaskData]:
    """Model and data of a configuration, without a run.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.
    """
    cli = read_command(words)
    return cast(Task, cli.model), cast(TaskData, cli.datamodule)


def read_command(words: Sequence[str]) -> LightningCLI:
    """Model, data and trainer of a configuration, without a run.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.
    """
    quiet()
    import_all()
    warnings.filterwarnings("ignore", ".*LightningCLI's args.*")
    resolved, _ = resolve_configs(["--config", *words])
    return LightningCLI(
        Task,
        TaskData,
        subclass_mode_model=True,
        subclass_mode_data=True,
        run=False,
        seed_everything_default=1,
        auto_configure_optimizers=False,
        save_config_callback=None,
        trainer_defaults={"logger": False, "enable_checkpointing": False, "enable_progress_bar": False},
        args=resolved,
    )


def trained_step(model: Task, clip: float) -> Callable[[Any], None]:
    """A training step on a batch as the trainer takes it, without the trainer.

    Args:
        model: The model, built.
        clip: The norm to which gradients are clipped.
    """
    # There is no trainer to log to.
    warnings.filterwarnings("ignore", ".*self.log.*")
    optimizer = model.make_optimizer(cast(OptimizerCallable, model.optimizer))
    fuse(optimizer)
    model.on_train_start()

    def step(batch: Any) -> None:
        optimizer.zero_grad()
        loss = cast(Tensor, model.training_step(batch, 0))
        loss.backward()
        model.on_before_optimizer_step(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        model.on_train_batch_end(None, batch, 0)

    return step


def count(module: nn.Module) -> int:
    """Number of its parameters."""
    return sum(parameter.numel() for parameter in module.parameters())


def _backbones(model: nn.Module, *kinds: type[nn.Module]) -> list[tuple[nn.Module, str]]:
    """Where modules of these kinds stand: what holds them, and the name there."""
    return [(one, name) for one in model.modules() for name, child in one.named_children() if isinstance(child, kinds)]


def _with_layers(model: Task, packed: bool) -> Task:
    """A copy with torch.nn's layers in the place of every backbone."""
    found = copy.deepcopy(model)
    for parent, name in _backbones(found, Backbone):
        setattr(parent, name, Layers(cast(Backbone, getattr(parent, name)), packed))
    return found


def _training(model: Task, batches: Sequence[Any]) -> Step:
    """Whole training steps."""
    train = trained_step(model, 1.0)

    def step() -> None:
        for batch in batches:
            train(batch)

    return step


def _recurrence(model: Task, batches: Sequence[Any]) -> Step:
    """Forward and backward of the recurrent layers alone, on what reaches them in training."""
    calls: list[tuple[nn.Module, Tensor, Tensor]] = []

    def keep(module: nn.Module, given: tuple[Tensor, Tensor]) -> None:
        calls.append((module, given[0].detach(), given[1]))

    modules = [getattr(parent, name) for parent, name in _backbones(model, Backbone, Layers)]
    hooks = [module.register_forward_pre_hook(keep) for module in modules]
    with torch.no_grad():
        for i, batch in enumerate(batches):
            model.training_step(batch, i)
    for hook in hooks:
        hook.remove()

    def step() -> None:
        for module, x, lengths in calls:
            y = module(x.requires_grad_(), lengths)[0]
            torch.autograd.grad(y, [x, *module.parameters()], torch.ones_like(y))

    return step

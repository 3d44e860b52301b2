"""Whether the largest batch fits into memory, found out before training rather than hours into it."""

from __future__ import annotations

import copy
import functools
from typing import Any, Protocol, runtime_checkable

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from rnnbench import machine
from rnnbench.errors import UserError
from rnnbench.platform.accounting import peak_memory
from rnnbench.platform.processes import gather
from rnnbench.platform.random_state import get_random_state, set_random_state
from rnnbench.tasks.base import Task

_GIB = 2**30


@runtime_checkable
class KnowsLargestBatch(Protocol):
    """A training loader of samples of different lengths."""

    def largest_batch(self) -> Any:
        """A batch as large as the largest of the training."""

    def size_options(self) -> str:
        """The options to lower where it does not fit."""


class MemoryCheck(Callback):
    """Runs forward and backward over the largest batch there will be, before the first step.

    It runs on a copy of the model and puts the random number generators back, so a training with the check equals one
    without, bit for bit. The copy's parameters take the place of what an optimizer has yet to allocate. Loaders whose
    batches are all of one size are left alone: there the first step tells.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints what the largest batch needs.

        Raises:
            UserError: It does not fit.
        """
        loader = trainer.train_dataloader
        if not isinstance(loader, KnowsLargestBatch) or not isinstance(pl_module, Task):
            return
        random_state = get_random_state()
        problem = None
        try:
            _forward_backward(trainer, pl_module, loader.largest_batch())
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            problem = _said(error)
        finally:
            set_random_state(random_state)
        # All processes stop where one has to: it would leave the others waiting.
        short = gather(trainer, torch.tensor(problem is not None)).nonzero().flatten().tolist()
        if short:
            where = "" if trainer.world_size == 1 else f" of process {', '.join(map(str, short))}"
            raise UserError(
                f"the largest batch does not fit into memory{where}" + (f": {problem}" if problem else ""),
                where=f"{trainer.strategy.root_device}",
                hint=f"lower {loader.size_options()}",
            )
        used, there = peak_memory(), _total_memory(trainer.strategy.root_device)
        _print(f"the largest batch fits: {used / _GIB:.1f} of {there / _GIB:.1f} GiB")


def _forward_backward(trainer: Trainer, module: Task[Any], batch: Any) -> None:
    batch = trainer.strategy.batch_to_device(trainer.precision_plugin.convert_input(batch))
    # Factories made from a configuration hold its parser, which cannot be copied; a step changes none of them.
    values = (value for part in module.modules() for value in vars(part).values())
    factories = {id(value): value for value in values if isinstance(value, functools.partial)}
    model = copy.deepcopy(module, factories)
    # Lightning copies a model without its trainer, which the model asks for its data.
    model.trainer = trainer
    # What is logged here was never trained.
    model.log = _log_nothing  # type: ignore[method-assign]
    # Not the step: a process whose memory is short would leave the others in the middle of what they exchange there.
    with trainer.precision_plugin.train_step_context():
        found = model.loss(batch)
    if found is not None:
        (found.total if found.penalty is None else found.total + found.penalty).backward()


def _log_nothing(*_: Any, **__: Any) -> None:
    pass


def out_of_memory(error: BaseException, trainer: Trainer) -> UserError:
    """What to do where memory was used up in the middle of a training.

    Args:
        error: What was raised.
        trainer: The trainer.
    """
    loader = trainer.train_dataloader
    options = loader.size_options() if isinstance(loader, KnowsLargestBatch) else "--data.batch_size"
    return UserError(
        f"memory is used up at step {trainer.global_step}: {_said(error)}",
        where=f"{trainer.strategy.root_device}",
        hint=f"free some, then --resume; or train anew and lower {options}",
    )


def _said(error: BaseException) -> str:
    """The first line of a message; Python's own error has none."""
    return next(iter(str(error).splitlines()), "Python has no memory left")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory is used up.

    Args:
        error: What was raised.
    """
    # The CPU's allocator raises a plain RuntimeError.
    refused = isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    return refused or isinstance(error, (torch.OutOfMemoryError, MemoryError))


def _total_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return machine.total_memory()


@rank_zero_only
def _print(line: str) -> None:
    print(line, flush=True)

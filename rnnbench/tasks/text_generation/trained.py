"""Language models that were trained before, for those that need one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base.trained import load_trained
from rnnbench.tasks.text_generation.model import TextModel


def load_text_model(run: Path, where: str) -> TextModel:
    """The model of a run of text generation, with the weights of its best checkpoint, on the CPU.

    Args:
        run: The run folder.
        where: The option that names it, for errors.

    Raises:
        UserError: There is no such run, or it is one of another application.
    """
    return load_trained(run, TextModel, "text generation", where)  # type: ignore[type-abstract]


def check_unchanged(model: TextModel, kept: Mapping[str, Tensor], prefix: str, run: str, where: str) -> None:
    """Refuses a run that has become another one since a model was made of it.

    Args:
        model: The model of the run, as it is now.
        kept: Weights in the checkpoint of the model that was made of it.
        prefix: What the names of its weights begin with there.
        run: The run folder.
        where: The option that names it, for the error.

    Raises:
        UserError: A weight is another one.
    """
    now = {f"{prefix}{name}": value for name, value in model.state_dict().items()}
    before = {name: value for name, value in kept.items() if name.startswith(prefix)}
    if now.keys() != before.keys() or any(not torch.equal(now[name].cpu(), before[name].cpu()) for name in now):
        raise UserError(f"{run} was trained anew since this run was made of it", where=where, hint="make it again")

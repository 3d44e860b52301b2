"""Language models that were trained before, for those that need one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.model import TextModel


def load_text_model(run: Path, where: str) -> TextModel:
    """The model of a run of text generation, with the weights of its best checkpoint, on the CPU.

    Args:
        run: The run folder.
        where: The option that names it, for errors.

    Raises:
        UserError: There is no such run, or it is one of another application.
    """
    checkpoints = [run / "checkpoints" / name for name in ("best.ckpt", "last.ckpt")]
    found = next((one for one in checkpoints if one.is_file()), None)
    if found is None:
        raise UserError(f"{run} holds no checkpoint", where=where, hint="name the folder of a run of text generation")
    options = torch.load(found, map_location="cpu", weights_only=True)[TextModel.CHECKPOINT_HYPER_PARAMS_KEY]
    module, _, name = options["_class_path"].rpartition(".")
    model_class = getattr(importlib.import_module(module), name)
    if not issubclass(model_class, TextModel):
        raise UserError(f"{run}: {name} is no model of text generation", where=where)
    return model_class.load_from_checkpoint(found, map_location="cpu", weights_only=True)


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

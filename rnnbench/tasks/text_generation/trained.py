"""Language models that were trained before, for those that need one."""

from __future__ import annotations

import importlib
from pathlib import Path

import torch

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

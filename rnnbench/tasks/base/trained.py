"""Models that were trained before, for those that need one."""

from __future__ import annotations

import hashlib
import importlib
import json
from pathlib import Path
from typing import Any, TypeVar

import torch

from rnnbench.errors import UserError
from rnnbench.tasks.base.describe import public_path
from rnnbench.tasks.base.task import Task

T = TypeVar("T")


def load_trained(run: Path, kind: type[T], title: str, where: str) -> T:
    """The model of a run, with the weights of its best checkpoint, on the CPU.

    Args:
        run: The run folder.
        kind: What its class has to be.
        title: Of which application it has to be, in words.
        where: The option that names it, for errors.

    Raises:
        UserError: There is no such run, or it is one of another application.
    """
    checkpoints = [run / "checkpoints" / name for name in ("best.ckpt", "last.ckpt")]
    found = next((one for one in checkpoints if one.is_file()), None)
    if found is None:
        raise UserError(f"{run} holds no checkpoint", where=where, hint=f"name the folder of a run of {title}")
    options = torch.load(found, map_location="cpu", weights_only=True)[Task.CHECKPOINT_HYPER_PARAMS_KEY]
    module, _, name = options["_class_path"].rpartition(".")
    model_class = getattr(importlib.import_module(module), name)
    if not issubclass(model_class, kind):
        raise UserError(f"{run}: {name} is no model of {title}", where=where)
    return model_class.load_from_checkpoint(found, map_location="cpu", weights_only=True)


def digest_of(model: Task[Any]) -> str:
    """A short name for exactly this trained model, whatever its run is called.

    Args:
        model: A model with a spec.

    Returns:
        12 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps([public_path(type(model)), model.spec], sort_keys=True).encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:12]

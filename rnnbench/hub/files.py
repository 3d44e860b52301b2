"""A run as files for others: weights as safetensors, everything else as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import yaml

from rnnbench.errors import UserError
from rnnbench.hub.card import model_card
from rnnbench.platform.checkpoint_io import load_checkpoint
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import RESULT_FILE, Result, read_result
from rnnbench.safe_files import read_text, replace_text, whole_file

WEIGHTS = "model.safetensors"
MODEL = "model.json"
CONFIG = "config.yaml"
CARD = "README.md"
FILES = (WEIGHTS, MODEL, CONFIG, RESULT_FILE, CARD)
"""All that is ever written or read."""

EXTRA = "pip install 'rnnbench[hub]'"
# Where a run lay and who watched it is nobody's business.
_PRIVATE = ("default_root_dir", "logger", "callbacks", "profiler")


def write_files(run: RunFolder, folder: Path, name: str) -> Result:
    """Writes a finished run for others.

    Args:
        run: The run.
        folder: Where to; made where it is missing.
        name: The name that it will have on the hub, for the card.

    Returns:
        Its record.

    Raises:
        UserError: It is not finished, it needs code of its own, its files cannot be written, or a package is missing.
    """
    save_file = _safetensors().torch.save_file
    result = read_result(run.result)
    if result.status != "finished":
        raise UserError(f"this run is not finished: {result.status}", where=run.path, hint="rnnbench fit --resume RUN")
    checkpoint = load_checkpoint(run.checkpoint())
    config = yaml.safe_load(read_text(run.config))
    for option in _PRIVATE:
        config["trainer"][option] = None
    refuse_foreign_classes(config, run.config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=folder) from None
    with whole_file(folder / WEIGHTS) as part:
        # Of tied weights each has a copy: the format knows no two names of one tensor.
        save_file({name: value.clone().contiguous() for name, value in _tensors(checkpoint, run).items()}, part)
    about = {
        "spec": checkpoint["spec"],
        "hyper_parameters": checkpoint["hyper_parameters"],
        "lightning": checkpoint["pytorch-lightning_version"],
    }
    replace_text(folder / MODEL, json.dumps(about, ensure_ascii=False) + "\n")
    replace_text(folder / CONFIG, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    replace_text(folder / RESULT_FILE, read_text(run.result))
    replace_text(folder / CARD, model_card(result, name))
    return result


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file; its format holds nothing else.

    Args:
        path: The file.

    Raises:
        UserError: It is damaged, or a package is missing.
    """
    safetensors = _safetensors()
    try:
        found: dict[str, torch.Tensor] = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise UserError(f"these weights are damaged: {error}", where=path, hint="push the run again") from None
    return found


def refuse_foreign_classes(value: Any, where: object) -> None:
    """Refuses options that name code which is not of rnnbench or the packages that it trains with.

    Args:
        value: Options as plain values.
        where: The file that holds them.

    Raises:
        UserError: One does.
    """
    if isinstance(value, dict):
        for key, inside in value.items():
            if str(key).endswith("class_path") and isinstance(inside, str) and not inside.startswith(_KNOWN):
                raise UserError(
                    f"{inside} is no class of rnnbench: a model of the hub brings and runs no code",
                    where=where,
                    hint="hand the folder of the run on, with the file of that class",
                )
            refuse_foreign_classes(inside, where)
    elif isinstance(value, list):
        for inside in value:
            refuse_foreign_classes(inside, where)


_KNOWN = ("rnnbench.", "torch.optim.", "lightning.pytorch.")


def _tensors(checkpoint: dict[str, Any], run: RunFolder) -> dict[str, torch.Tensor]:
    found = checkpoint["state_dict"]
    other = next((name for name, value in found.items() if not torch.is_tensor(value)), None)
    if other is not None:
        raise UserError(f"{other} of this model is no tensor, and safetensors holds no more", where=run.path)
    return found


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.torch  # noqa: F401 - an attribute from here on
    except ImportError:
        raise UserError("the package safetensors is not installed", where="the hub", hint=EXTRA) from None
    return safetensors

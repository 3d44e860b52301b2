"""A run folder made of files of somebody else. They are read as data: nothing in them is unpickled or run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from rnnbench.errors import UserError
from rnnbench.hub.files import CONFIG, FILES, MODEL, WEIGHTS, read_weights, refuse_foreign_classes
from rnnbench.platform.checkpoint_io import SafeCheckpointIO
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import RESULT_FILE, read_result
from rnnbench.safe_files import read_text, replace_text

_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")
_PARTS = {"spec": dict, "hyper_parameters": dict, "lightning": str}
# What Lightning makes a model of its options with; a file does not choose it.
_MAKES = "lightning.pytorch.cli.instantiate_module"


def make_run(files: Path, folder: Path) -> RunFolder:
    """Makes a run of downloaded files, with a checkpoint as every run has it.

    Args:
        files: The folder of the files.
        folder: The folder of the run; made where it is missing, and complete once it has a configuration.

    Raises:
        UserError: A file is missing or damaged, or names code that is not of rnnbench.
    """
    run = RunFolder(folder)
    if run.config.is_file():
        return run
    for name in FILES:
        if not (files / name).is_file():
            raise UserError(f"there is no {name} in it", where=files, hint="it was not pushed by rnnbench")
    config = _config(files / CONFIG)
    about = _about(files / MODEL)
    read_result(files / RESULT_FILE)
    for value, name in ((config, CONFIG), (about, MODEL)):
        refuse_foreign_classes(value, files / name)
    options = {**about["hyper_parameters"], "_instantiator": _MAKES}
    checkpoint = {
        "state_dict": read_weights(files / WEIGHTS),
        "spec": about["spec"],
        "hyper_parameters": options,
        "pytorch-lightning_version": about["lightning"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    SafeCheckpointIO().save_checkpoint(checkpoint, run.best)
    replace_text(run.result, read_text(files / RESULT_FILE))
    replace_text(run.config, yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return run


def _config(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"not valid YAML: {' '.join(str(error).split())}", where=path) from None
    if not isinstance(config, dict) or not {"model", "data", "trainer"} <= config.keys():
        raise UserError("this is no configuration of a run: it has no model, data and trainer", where=path)
    return config


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"truncated or not JSON: {error}", where=path) from None
    if not isinstance(about, dict) or any(not isinstance(about.get(name), kind) for name, kind in _PARTS.items()):
        raise UserError(f"holds no {', '.join(_PARTS)}", where=path, hint="it was not pushed by rnnbench")
    if not _VERSION.fullmatch(about["lightning"]):
        raise UserError(f"lightning: {about['lightning'][:40]!r} is no version", where=path)
    return about

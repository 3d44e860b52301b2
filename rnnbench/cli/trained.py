"""The trained model of a run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from rnnbench.cli.config_files import check_config_file
from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.safe_files import read_text


def load_model(
    runs: Sequence[RunFolder],
    application: Any,
    checkpoints: Sequence[str] = (),
    place: Callable[[Any], Any] = lambda model: model,
) -> Any:
    """The trained model of a run, or those of several in one.

    Args:
        runs: Runs of one application, at least one.
        application: The application's module that predicts.
        checkpoints: Other checkpoints than the best one, of whose weights the mean is taken; only for a single run.
        place: Moves a model, which comes on the CPU, to where it is to compute.

    Raises:
        UserError: A checkpoint is not there, damaged, or of another model; several models cannot answer together.
    """
    if len(runs) == 1:
        return place(_load(model_class(runs[0]), [Path(name) for name in checkpoints] or [runs[0].checkpoint()]))
    if not hasattr(application, "combine"):
        raise UserError("models of this application do not answer together", where="--run", hint="name one run")
    if checkpoints:
        raise UserError("several runs have a best checkpoint each", where="--checkpoint", hint="leave it out")
    for run in runs[1:]:
        found = model_class(run).application
        if found != model_class(runs[0]).application:
            raise UserError(f"{run.path} is a run of {found}", where="--run", hint="name runs of one application")
    return application.combine([place(_load(model_class(run), [run.checkpoint()])) for run in runs])


def model_class(run: RunFolder) -> Any:
    """The class of a run's model.

    Raises:
        UserError: The run's configuration is damaged, or names a class that cannot be imported.
    """
    check_config_file(run.config)
    config = yaml.safe_load(read_text(run.config))
    try:
        found = _import(config["model"]["class_path"])
        if not hasattr(found, "application"):
            raise ValueError(f"{config['model']['class_path']} is no model")
        return found
    except (KeyError, TypeError, AttributeError, ImportError, ValueError) as error:
        raise UserError(f"the model of this run cannot be found: {error}", where=run.config) from None


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _load(cls: Any, paths: Sequence[Path]) -> Any:
    """The model of a checkpoint, with the mean of the weights where there are several."""
    from rnnbench.cli.parse_errors import module_missing
    from rnnbench.platform.checkpoint_io import load_checkpoint

    checkpoints = [load_checkpoint(path) for path in paths]  # says in plain words what is wrong with a file
    for path, checkpoint in zip(paths, checkpoints, strict=True):
        _check_checkpoint(path, checkpoint, cls)
    try:
        model = cls.load_from_checkpoint(paths[0], map_location="cpu", weights_only=True)
    except UserError:
        raise
    except Exception as error:
        if module := module_missing(error):
            hint = f"run it in the folder of {module.partition('.')[0]}.py"
            raise UserError(
                f"the model needs the module {module}, which is not there", where=paths[0], hint=hint
            ) from None
        raise
    weights = [checkpoint["state_dict"] for checkpoint in checkpoints]
    for path, checkpoint, one in zip(paths, checkpoints, weights, strict=True):
        shapes = [{name: value.shape for name, value in state.items()} for state in (weights[0], one)]
        if checkpoint["spec"] != checkpoints[0]["spec"] or shapes[0] != shapes[1]:
            raise UserError(
                f"this is another model, or one of other data, than {paths[0]}",
                where=path,
                hint="weights are averaged over checkpoints of one run; several runs: --run A --run B",
            )
    if len(weights) > 1:
        mean = {name: sum(one[name].double() for one in weights) / len(weights) for name in weights[0]}
        model.load_state_dict(mean)
    return model


def _check_checkpoint(path: Path, checkpoint: Any, wanted: Any) -> None:
    """Refuses a checkpoint of another model, and one whose weights are no numbers."""
    import torch

    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint or checkpoint.get("spec") is None:
        raise UserError("this checkpoint was not written by rnnbench: it has no weights or no data spec", where=path)
    trained = (checkpoint.get("hyper_parameters") or {}).get("_class_path")
    # A checkpoint says what is imported only where it is a model of ours.
    if isinstance(trained, str) and trained.startswith("rnnbench.tasks."):
        found = _import(trained)
        if found is not wanted:
            raise UserError(
                f"holds a {found.__name__} of {found.application}, and the run's model is"
                f" a {wanted.__name__} of {wanted.application}",
                where=path,
                hint="name a checkpoint of this run",
            )
    for name, value in checkpoint["state_dict"].items():
        # Infinity may be meant: a transition that cannot be.
        if torch.is_tensor(value) and value.isnan().any():
            raise UserError(
                f"{name} holds values that are no numbers (nan)",
                where=path,
                hint="the training diverged; take another checkpoint, or train anew with a lower rate",
            )

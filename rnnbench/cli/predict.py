"""``rnnbench predict --run RUN [INPUT ...|-] [--output FILE]``: one form for every application."""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rnnbench.applications import applications, load_application
from rnnbench.cli import streams
from rnnbench.cli.config_files import check_config_file
from rnnbench.cli.quiet import quiet
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.reading import read_file
from rnnbench.safe_files import read_text, replace_text

_LONG = 1_000_000
_FURTHER = """

Further options are those of the run's application: rnnbench predict --run RUN --help.
Without --run, prompts in a configuration are continued: rnnbench predict --config FILE --ckpt_path CHECKPOINT."""


def predict_from_run(words: Sequence[str]) -> int:
    """Loads a run's best checkpoint and predicts for the inputs.

    Args:
        words: What follows ``predict``.

    Returns:
        The exit status.
    """
    quiet()
    parser = _common_parser()
    # The run says which application it is, and with that which further options there are.
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--run", default=[], action="append")
    try:
        named = first.parse_known_args(words)[0].run
        if not named:
            parser.epilog = _by_application()
            parser.parse_known_args(words)  # shows the help, or asks for a run
        runs = [RunFolder.open(Path(run), "--run") for run in named]
        found = load_application(_model_class(runs[0]).application)
        application = importlib.import_module(f"{found.module}.predict")
        use = found.card.predict
        parser.description = f"{found.card.title}. Reads: {use.reads} Writes: {use.writes}"
        # An application has options and warnings of its own where there is something to choose, or to warn of.
        if hasattr(application, "add_options"):
            application.add_options(parser)
        arguments, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where="rnnbench predict", hint="see: rnnbench predict --run RUN --help") from None
    if unknown:
        raise UserError(f"there is no option {unknown[0]}", where="rnnbench predict", hint="see: --help")
    _check_finite(arguments)
    # What an input is, is the application's business where it is no text.
    read = getattr(application, "read_inputs", _read_lines)
    lines = read(arguments.inputs, arguments)
    model = _load_all(runs, application, arguments.checkpoint)
    if hasattr(application, "warnings"):
        for warning in application.warnings(model, lines, arguments):
            print(warning, file=sys.stderr)
    pieces = application.predict(model, lines, arguments)
    if arguments.output:
        replace_text(Path(arguments.output), "".join(pieces))
    else:
        streams.write_output(pieces)
    return 0


def _common_parser() -> argparse.ArgumentParser:
    """The options of every application."""
    parser = argparse.ArgumentParser(
        prog="rnnbench predict",
        description="Use a trained model.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument(
        "--run",
        metavar="RUN",
        required=True,
        action="append",
        help="the run folder; several (--run A --run B) answer together, in applications where models can",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="another checkpoint than the run's best; the weights of several are averaged",
    )
    parser.add_argument("inputs", metavar="INPUT", nargs="*", help="files with an input on each line; - is stdin")
    parser.add_argument(
        "--output", metavar="FILE", help="write here, whole or not at all (default: stdout, as it comes)"
    )
    return parser


def _by_application() -> str:
    """What is read and written where there is no run yet to say it."""
    lines = [
        f"  {name:<16}  {one.card.predict.reads} {one.card.predict.writes}" for name, one in applications().items()
    ]
    return "\n".join(["what is read and written:", *lines]) + _FURTHER


def _check_finite(arguments: argparse.Namespace) -> None:
    for name, value in vars(arguments).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"must be a finite number, found {value}", where=f"--{name.replace('_', '-')}")


def _load_all(runs: Sequence[RunFolder], application: Any, checkpoints: Sequence[str]) -> Any:
    """The model of a run, or those of several in one."""
    if len(runs) == 1:
        return _load(_model_class(runs[0]), [Path(name) for name in checkpoints] or [runs[0].checkpoint()])
    if not hasattr(application, "combine"):
        raise UserError("models of this application do not answer together", where="--run", hint="name one run")
    if checkpoints:
        raise UserError("several runs have a best checkpoint each", where="--checkpoint", hint="leave it out")
    for run in runs[1:]:
        found = _model_class(run).application
        if found != _model_class(runs[0]).application:
            raise UserError(f"{run.path} is a run of {found}", where="--run", hint="name runs of one application")
    return application.combine([_load(_model_class(run), [run.checkpoint()]) for run in runs])


def _model_class(run: RunFolder) -> Any:
    check_config_file(run.config)
    config = yaml.safe_load(read_text(run.config))
    try:
        return _import(config["model"]["class_path"])
    except (KeyError, TypeError, AttributeError, ImportError, ValueError) as error:
        raise UserError(f"the model of this run cannot be found: {error}", where=run.config) from None


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _load(model_class: Any, paths: Sequence[Path]) -> Any:
    """The model of a checkpoint, with the mean of the weights where there are several."""
    from rnnbench.cli.parse_errors import module_missing
    from rnnbench.platform.checkpoint_io import load_checkpoint

    checkpoints = [load_checkpoint(path) for path in paths]  # says in plain words what is wrong with a file
    for path, checkpoint in zip(paths, checkpoints, strict=True):
        _check_checkpoint(path, checkpoint, model_class)
    try:
        model = model_class.load_from_checkpoint(paths[0], map_location="cpu", weights_only=True)
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


def _check_checkpoint(path: Path, checkpoint: Any, model_class: Any) -> None:
    """Refuses a checkpoint of another model, and one whose weights are no numbers."""
    import torch

    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint or checkpoint.get("spec") is None:
        raise UserError("this checkpoint was not written by rnnbench: it has no weights or no data spec", where=path)
    trained = (checkpoint.get("hyper_parameters") or {}).get("_class_path")
    # A checkpoint says what is imported only where it is a model of ours.
    if isinstance(trained, str) and trained.startswith("rnnbench.tasks."):
        found = _import(trained)
        if found is not model_class:
            raise UserError(
                f"holds a {found.__name__} of {found.application}, and the run's model is"
                f" a {model_class.__name__} of {model_class.application}",
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


def _read_lines(names: Sequence[str], arguments: argparse.Namespace) -> list[tuple[str, str]]:
    lines = [line for name in names for line in _lines(name)]
    for text, where in lines:
        if len(text) > _LONG:
            print(f"{where}: {len(text):,} characters are one input; this takes a while", file=sys.stderr)
    return lines


def _lines(name: str) -> list[tuple[str, str]]:
    """The lines of a file or of stdin, each with where it stands."""
    place = "stdin" if name == "-" else name
    # As bytes, because what a line is, and what text, is the same here as in training.
    content = streams.read_input() if name == "-" else read_file(Path(name))
    if not content:
        raise UserError("there is nothing in it", where=place, hint="give an input on each line")
    lines = split_lines(decode(content, place))
    return [(line, f"{place}, line {number}") for number, line in enumerate(lines, start=1)]

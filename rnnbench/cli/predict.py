"""``rnnbench predict --run RUN [INPUT ...|-] [--output FILE]``: one form for every application."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from rnnbench.applications import load_application
from rnnbench.cli.parse_errors import module_missing
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.reading import read_file
from rnnbench.safe_files import read_text, replace_text


def predict_from_run(words: Sequence[str]) -> int:
    """Loads a run's best checkpoint and predicts for the inputs.

    Args:
        words: What follows ``predict``.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="rnnbench predict", allow_abbrev=False, exit_on_error=False)
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
    # The run says which application it is, and with that which further options there are.
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--run", default=[], action="append")
    runs = [RunFolder.open(Path(run), "--run") for run in first.parse_known_args(words)[0].run or [""]]
    model_class = _model_class(runs[0])
    found = load_application(model_class.application)
    application = importlib.import_module(f"{found.module}.predict")
    parser.description = f"{found.card.title}. Reads: {found.card.predict.reads} Writes: {found.card.predict.writes}"
    # An application has options and warnings of its own where there is something to choose, or to warn of.
    if hasattr(application, "add_options"):
        application.add_options(parser)
    try:
        arguments, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where="rnnbench predict", hint="see: rnnbench predict --run RUN --help") from None
    if unknown:
        raise UserError(f"there is no option {unknown[0]}", where="rnnbench predict", hint="see: --help")
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
        _stream(pieces)
    return 0


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
    config = yaml.safe_load(read_text(run.config))
    try:
        module, _, name = config["model"]["class_path"].rpartition(".")
        return getattr(importlib.import_module(module), name)
    except (KeyError, TypeError, AttributeError, ImportError) as error:
        raise UserError(f"the model of this run cannot be found: {error}", where=run.config) from None


def _load(model_class: Any, paths: Sequence[Path]) -> Any:
    """The model of a checkpoint, with the mean of the weights where there are several."""
    from rnnbench.platform.checkpoint_io import load_checkpoint

    checkpoints = [load_checkpoint(path) for path in paths]  # says in plain words what is wrong with a file
    try:
        model = model_class.load_from_checkpoint(paths[0], map_location="cpu", weights_only=True)
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


def _read_lines(names: Sequence[str], arguments: argparse.Namespace) -> list[tuple[str, str]]:
    return [line for name in names for line in _lines(name)]


def _lines(name: str) -> list[tuple[str, str]]:
    """The lines of a file or of stdin, each with where it stands."""
    place = "stdin" if name == "-" else name
    # As bytes, because what a line is, and what text, is the same here as in training.
    content = sys.stdin.buffer.read() if name == "-" else read_file(Path(name))
    if not content:
        raise UserError("there is nothing in it", where=name, hint="give an input on each line")
    lines = split_lines(decode(content, place))
    return [(line, f"{place}, line {number}") for number, line in enumerate(lines, start=1)]


def _stream(pieces: Iterator[str]) -> None:
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()

"""``rnnbench export --run RUN``: a trained model for programs that do not have this package."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "export",
        help="write a trained model as a graph of ONNX or torch.export; word vectors as files of word2vec",
        description="Writes the forward pass of a trained model as a graph, for any batch and any length, checks its"
        " numbers against the model's own, and puts tokenizer and labels beside it. Of word vectors it writes files of"
        " word2vec, of TensorBoard's projector, or a page that shows them.",
    )
    parser.add_argument("--run", metavar="RUN", required=True, help="the run folder, or hf:NAME")
    parser.add_argument(
        "--format",
        help="onnx (the default) or torch; of word vectors word2vec (the default), word2vec-binary, projector or page",
    )
    parser.add_argument(
        "--int8", action="store_true", help="also write model.int8.onnx, whose weights are 8-bit integers"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, help="where to write (default: RUN/export)")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Exports."""
    import importlib

    import torch

    from rnnbench.applications import load_application
    from rnnbench.cli.quiet import quiet
    from rnnbench.cli.trained import load_model, model_class
    from rnnbench.errors import UserError, did_you_mean
    from rnnbench.export.quantize import SUFFIX, quantize
    from rnnbench.export.write import SUFFIXES, export, make_folder
    from rnnbench.hub import open_run

    if arguments.int8 and arguments.format not in (None, "onnx"):
        raise UserError("goes with ONNX", where="--int8", hint="--format onnx")
    quiet()
    run = open_run(arguments.run, "--run")
    found = load_application(model_class(run).application)
    try:
        application = importlib.import_module(f"{found.module}.export")
    except ModuleNotFoundError as error:
        if error.name != f"{found.module}.export":
            raise
        raise UserError(
            f"a run of {found.card.title.lower()} has no export: there is no {found.module}.export",
            where=f"--run {run.path}",
            hint="predict answers: rnnbench predict --run RUN",
        ) from None
    model = load_model([run], None).eval()
    folder = arguments.output or run.path / "export"
    # An application whose models are no graphs has formats of its own.
    own = getattr(application, "FORMATS", None)
    formats = list(SUFFIXES) if own is None else list(own)
    form = arguments.format or formats[0]
    if form not in formats:
        title = found.card.title.lower()
        raise UserError(f"{title} cannot be written as {form!r}", where="--format", hint=did_you_mean(form, formats))
    if own is not None:
        if arguments.int8:
            raise UserError(f"{found.card.title.lower()} are no graph", where="--int8", hint="leave it out")
        make_folder(folder)
        print(f"saved: {', '.join(str(path) for path in own[form](model, folder))}")
        return 0
    if not any(True for _ in model.parameters()):
        raise UserError(
            f"{model.model_name()} is counted and has no weights: it is a table, and no graph",
            where=f"--run {run.path}",
            hint="predict answers: rnnbench predict --run RUN",
        )
    torch.manual_seed(1)  # of what it is checked with
    made = application.graph(model)
    for graph in made if isinstance(made, tuple) else (made,):
        worst = export(graph, form, folder)
        print(f"saved: {folder / graph.name}{SUFFIXES[form]}, {folder / graph.name}.json")
        print(f"checked on five batches of other sizes and lengths: at most {worst:.1e} from the model")
        if arguments.int8:
            eight = quantize(graph, folder)
            told = f"{eight.share:.2f} of its size, at most {eight.worst:.1e} from the model"
            print(f"saved: {folder / graph.name}{SUFFIX}, {told}")
    return 0

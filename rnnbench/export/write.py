"""Writes a graph and what stands around it, once its numbers are those of the model."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.export.loop import as_graph
from rnnbench.safe_files import replace_text, whole_file
from rnnbench.tasks.base.graph import Graph

Format = Literal["onnx", "torch"]
SUFFIXES: dict[Format, str] = {"onnx": ".onnx", "torch": ".pt2"}
TOLERANCE = 1e-5
"""Most that a number may differ from the model's own, where it is below 1; relative to it above."""

_TRACED = (3, 5)
# Other batches and lengths than those of tracing: exporters are known to fix both.
_CHECKED = ((1, 1), (1, 9), (3, 4), (7, 16), (2, 33))
_EXTRA = "pip install 'rnnbench[export]'"

Run = Callable[[tuple[Tensor, ...]], list[Tensor]]


def export(graph: Graph, form: Format, folder: Path) -> float:
    """Writes ``model.onnx`` or ``model.pt2``, and ``model.json`` beside it, or what the graph is called in its place.

    Args:
        graph: The graph; its module is in evaluation mode and on the CPU.
        form: ``onnx`` or ``torch``, which is a program of `torch.export`.
        folder: Where to; made where it is missing.

    Returns:
        The largest difference from the model's own numbers, over batches of other sizes and lengths.

    Raises:
        UserError: The model has no graph, the graph computes something else, or a package is missing.
    """
    write = {"onnx": _write_onnx, "torch": _write_torch}[form]
    read = {"onnx": read_onnx, "torch": _read_torch}[form]
    make_folder(folder)
    path = folder / f"{graph.name}{SUFFIXES[form]}"
    with torch.no_grad(), quiet_exporters(), whole_file(path) as part:
        with as_graph(graph.module):
            write(graph, part)
        worst = check(graph, read(part, graph), TOLERANCE)
    beside = {
        "format": form,
        "inputs": {name: list(axes) for name, axes in graph.inputs.items()},
        "outputs": list(graph.outputs),
        **graph.beside,
    }
    replace_text(path.with_suffix(".json"), json.dumps(beside, ensure_ascii=False, indent=1) + "\n")
    return worst


def make_folder(folder: Path) -> None:
    """Makes the folder that an export is written to, where it is missing.

    Args:
        folder: The folder.

    Raises:
        UserError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=folder) from None


def _program(graph: Graph) -> Any:
    shapes: list[Any] = [
        {axis: torch.export.Dim.DYNAMIC for axis, size in enumerate(axes) if isinstance(size, str)}
        for axes in graph.inputs.values()
    ]
    parameters = inspect.signature(graph.module.forward).parameters.values()
    named = sum(one.kind != one.VAR_POSITIONAL for one in parameters)
    if named < len(parameters):  # what `*state` takes counts as one
        shapes = [*shapes[:named], tuple(shapes[named:])]
    try:
        return torch.export.export(graph.module, graph.example(*_TRACED), dynamic_shapes=tuple(shapes))
    except Exception as error:
        raise UserError(
            f"its forward pass is no graph: {type(error).__name__}: {str(error).strip().splitlines()[0]}",
            where="rnnbench export",
            hint="what it computes depends on numbers, and not on sizes alone; --debug shows where",
        ) from error


def _write_onnx(graph: Graph, path: Path) -> None:
    try:
        import onnxruntime  # noqa: F401 - asked for before anything is computed
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"the package {error.name} is not installed", where="--format onnx", hint=_EXTRA) from None
    exported = _program(graph)
    try:
        program = torch.onnx.export(
            exported,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamo=True,
            verbose=False,
        )
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        raise UserError(
            f"a step of it has no counterpart in ONNX: {str(cause).strip().splitlines()[0]}",
            where="--format onnx",
            hint="--format torch writes it as a program of torch.export",
        ) from error
    assert program is not None
    program.save(str(path))


def read_onnx(path: Path, graph: Graph) -> Run:
    """A graph of ONNX as a function of its inputs.

    Args:
        path: Its file.
        graph: What it was written from.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def run(inputs: tuple[Tensor, ...]) -> list[Tensor]:
        given = {name: one.numpy() for name, one in zip(graph.inputs, inputs, strict=True)}
        return [torch.from_numpy(found) for found in session.run(list(graph.outputs), given)]

    return run


def _write_torch(graph: Graph, path: Path) -> None:
    program = _program(graph)
    # What tracing took for granted of sizes, such as that one is not 1, changes no number: `check` tries it.
    program._guards_code = []
    with path.open("wb") as file:
        torch.export.save(program, file)


def _read_torch(path: Path, graph: Graph) -> Run:
    with path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda inputs: list(module(*inputs))


def check(graph: Graph, run: Run, tolerance: float) -> float:
    """The largest difference from what the model computes by its own engine.

    Args:
        graph: The graph.
        run: What was written, as a function.
        tolerance: Most that a number may differ.

    Raises:
        UserError: One differs more, or has another shape.
    """
    worst = 0.0
    for batch, steps in _CHECKED:
        inputs = graph.example(batch, steps)
        try:
            outputs = run(inputs)
        except Exception as error:
            raise _wrong(f"{type(error).__name__}: {str(error).strip().splitlines()[0]}", batch, steps) from error
        for name, wanted, found in zip(graph.outputs, graph.module(*inputs), outputs, strict=True):
            if wanted.shape != found.shape:
                raise _wrong(f"{name} has the shape {tuple(found.shape)} and not {tuple(wanted.shape)}", batch, steps)
            scale = wanted.double().abs().clamp(min=1)
            # What is infinite in both, such as the logarithm of no probability, differs in nothing.
            apart = torch.where(wanted == found, 0.0, (wanted.double() - found.double()).abs() / scale)
            difference = float(apart.max()) if wanted.numel() else 0.0
            if not difference <= tolerance:
                raise _wrong(f"{name} differs by {difference:.1e} from the model's", batch, steps)
            worst = max(worst, difference)
    return worst


def _wrong(problem: str, batch: int, steps: int) -> UserError:
    return UserError(f"the graph computes something else: {problem} (batch {batch}, {steps} steps)", where="the export")


@contextlib.contextmanager
def quiet_exporters() -> Iterator[None]:
    """Without what the exporters tell of themselves."""
    loggers = [logging.getLogger(name) for name in ("root", "torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

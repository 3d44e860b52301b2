"""Answers of a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from rnnbench.data.lines import Line, LineStream, json_line
from rnnbench.errors import UserError
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.long_range.model import LongRangeModel

_NOTHING = "-"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="answers and line; or JSON (default: text)"
    )
    parser.add_argument(
        "--every-step", action="store_true", help="answer after every step, also where training asks at the last one"
    )


def predict(model: LongRangeModel, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Answers each line.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        A line for each: the answers, and the line behind a tab; ``-`` for a line that is no sequence. Or a
        line of JSON.
    """
    if not lines:
        raise UserError(
            "there is no sequence", where="rnnbench predict", hint="name a file with one on each line, or - for stdin"
        )
    with evaluating(model):
        for text, _ in lines:
            x = _read(model, text)
            answers = [_NOTHING] if isinstance(x, str) else model.answer(x)
            if model.answers.answers.last and not arguments.every_step:
                answers = answers[-1:]
            if arguments.format == "json":
                yield json_line({"text": text, "answers": None if isinstance(x, str) else answers})
                continue
            between = "" if all(len(answer) == 1 for answer in answers) else " "
            yield f"{between.join(answers)}\t{text}\n"


def warnings(model: LongRangeModel, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """Which lines are no sequences, and why."""
    read = [(_read(model, text), where) for text, where in lines]
    return [f"{where}: {problem}" for problem, where in read if isinstance(problem, str)]


def _read(model: LongRangeModel, text: str) -> Tensor | str:
    """A line as a sequence, or what is wrong with it.

    Steps are parted by blanks; symbols of one character need none. The numbers of a step are parted by commas.
    """
    steps = text.split()
    if not steps:
        return "there is nothing in it"
    names = model.inputs.symbols
    if names:
        if all(len(name) == 1 for name in names):
            steps = list("".join(steps))
        unknown = next((step for step in steps if step not in names), None)
        if unknown is not None:
            return f"{unknown!r} is none of the symbols {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}"
        numbers = {name: number for number, name in enumerate(names)}
        return torch.tensor([numbers[step] for step in steps])
    rows = []
    for number, step in enumerate(steps, start=1):
        try:
            row = [float(part) for part in step.split(",")]
        except ValueError:
            return f"step {number} is {step!r}: numbers parted by commas are needed"
        if len(row) != model.inputs.numbers or not all(map(math.isfinite, row)):
            return f"step {number} is {step!r}: {model.inputs.numbers} finite numbers are needed"
        rows.append(row)
    return torch.tensor(rows, dtype=torch.get_default_dtype())

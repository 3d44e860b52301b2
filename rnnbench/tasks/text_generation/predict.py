"""Continuing text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

from rnnbench.backbone.state import StackState
from rnnbench.backbone.units import count_units, hold
from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.decode.sample import Sampling
from rnnbench.decode.template import ANY
from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.model import TextModel
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel
from rnnbench.tasks.text_generation.verse import FORMS, poem

_HELP = {
    "temperature": "divides the scores: below 1 careful, above 1 bold, 0 the best token always",
    "top_k": "only the K best tokens; 0 for all",
    "top_p": "only the best tokens that together have probability P; 1 for all",
    "length": "number of tokens to write",
    "seed": "seed of the choice",
}


_PROMPTS_AT_ONCE = 512


class Prompt(NamedTuple):
    """A beginning of text and where it came from."""

    text: str
    where: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument("--prompt", help="text to continue (default: start as a document does)")
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="prompt and continuation as one text; or JSON, an object a line (default: text)",
    )
    parser.add_argument(
        "--next", type=int, default=0, metavar="N", help="JSON: the N likeliest tokens after the prompt (default: 0)"
    )
    parser.add_argument(
        "--template",
        metavar="TEXT",
        help=f"what is written, place by place: {ANY} is any letter or word, all else stands as it is",
    )
    parser.add_argument("--form", choices=list(FORMS), help="a Chinese poem of this form, which is a template")
    parser.add_argument("--first", metavar="TEXT", default="", help="how the poem begins")
    parser.add_argument("--acrostic", metavar="TEXT", default="", help="the first character of each line of the poem")
    parser.add_argument(
        "--hold-unit",
        metavar="UNIT=VALUE",
        default="",
        help="hold units of the state at a value while it reads and writes: 17=+2, or several: 17=+2,40=-1",
    )
    for field in fields(Sampling):
        kind = type(field.default)
        parser.add_argument(
            f"--{field.name}", type=kind, default=field.default, help=f"{_HELP[field.name]} (default: {field.default})"
        )


def predict(model: TextModel, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Continues each prompt.

    Args:
        model: A trained model.
        lines: Lines of the input: each is a prompt.
        arguments: The parsed options.

    Yields:
        Pieces of text: every prompt, then its continuation as it is written. Or a line of JSON for each.
    """
    if arguments.next < 0:
        raise UserError(f"must not be negative, found {arguments.next}", where="--next")
    if arguments.next and arguments.format == "text":
        raise UserError("a text has no probabilities", where="--next", hint="--format json")
    template = _template(model, arguments)
    change = _holding(model, arguments.hold_unit)
    sampling = Sampling(**{field.name: getattr(arguments, field.name) for field in fields(Sampling)})
    given = [] if arguments.prompt is None else [(arguments.prompt, "--prompt")]
    if not lines and not given:
        yield from _continue(model, [Prompt("", "")], sampling, template, change, arguments)
        return
    first = True
    for part in itertools.chain([given], in_parts(lines, _PROMPTS_AT_ONCE)):
        for text, where in part:
            if not text:
                raise UserError("the prompt is empty", where=where, hint="leave it out to start as a document does")
        if part and not first and arguments.format == "text":
            yield "\n"
        yield from _continue(model, [Prompt(*line) for line in part], sampling, template, change, arguments)
        first = first and not part


def _continue(
    model: TextModel,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    template: str | None,
    change: Callable[[StackState], StackState],
    arguments: argparse.Namespace,
) -> Iterator[str]:
    for number, prompt in enumerate(prompts):
        if arguments.format == "json":
            following = (
                {"next": model.following(prompt.text, sampling, arguments.next, change)} if arguments.next else {}
            )
            text = "".join(model.write(prompt.text, sampling, template, change))
            yield json_line({"prompt": prompt.text, **following, "text": text})
            continue
        if number:
            yield "\n"
        yield prompt.text
        if prompt.text and model.tokenizer.of_words:
            yield " "
        yield from model.write(prompt.text, sampling, template, change)
        yield "\n"


def _template(model: TextModel, arguments: argparse.Namespace) -> str | None:
    if arguments.form is None:
        if arguments.first or arguments.acrostic:
            raise UserError("which poem?", where="--form", hint=f"one of {', '.join(FORMS)}")
        return arguments.template
    if arguments.template is not None:
        raise UserError("a poem's form is a template of its own", where="--form, --template", hint="keep one of them")
    if model.tokenizer.level != "char":
        raise UserError("poems are written by characters", where="--form", hint="a model of --data.level char")
    return poem(arguments.form, arguments.first, arguments.acrostic)


def _holding(model: TextModel, text: str) -> Callable[[StackState], StackState]:
    """What is done to the state before each token."""
    if not text:
        return lambda state: state
    if not isinstance(model, LanguageModel):
        raise UserError(f"a {type(model).__name__} has no recurrent state", where="--hold-unit", hint="leave it out")
    count = count_units(model.backbone)
    held = {}
    for part in text.split(","):
        unit, _, value = part.partition("=")
        try:
            held[int(unit)] = float(value)
        except ValueError:
            raise UserError(f"{part!r} is no unit and value", where="--hold-unit", hint="such as 17=+2") from None
        if not 0 <= int(unit) < count:
            raise UserError(f"there is no unit {unit}", where="--hold-unit", hint=f"0 to {count - 1:,}")
        if not math.isfinite(held[int(unit)]):
            raise UserError(f"must be a finite number, found {value}", where="--hold-unit")
    return lambda state: hold(model.backbone, state, held)


def warnings(model: TextModel, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: how much of a prompt the model has never seen."""
    found = []
    prompts = [*lines, *([(arguments.prompt, "--prompt")] if arguments.prompt else [])]
    for text, where in prompts:
        missing = model.tokenizer.missing(text)
        if missing:
            named = ", ".join(repr(token) for token in missing[:10])
            nothing = (model.tokenizer.encode(text) == model.tokenizer.unknown).all()
            found.append(f"{where}: {'all of it is ' if nothing else ''}not in the vocabulary, read as <unk>: {named}")
    return found

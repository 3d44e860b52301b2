"""Continuing text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.model import TextModel

_HELP = {
    "temperature": "divides the scores: below 1 careful, above 1 bold, 0 the best token always",
    "top_k": "only the K best tokens; 0 for all",
    "top_p": "only the best tokens that together have probability P; 1 for all",
    "length": "number of tokens to write",
    "seed": "seed of the choice",
}


class Prompt(NamedTuple):
    """A beginning of text and where it came from."""

    text: str
    where: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument("--prompt", help="text to continue (default: start as a document does)")
    for field in fields(Sampling):
        kind = type(field.default)
        parser.add_argument(
            f"--{field.name}", type=kind, default=field.default, help=f"{_HELP[field.name]} (default: {field.default})"
        )


def predict(model: TextModel, lines: Sequence[tuple[str, str]], arguments: argparse.Namespace) -> Iterator[str]:
    """Continues each prompt.

    Args:
        model: A trained model.
        lines: Lines of the input files as (text, where it stands): each is a prompt.
        arguments: The parsed options.

    Yields:
        Pieces of text: every prompt, then its continuation as it is written.
    """
    sampling = Sampling(**{field.name: getattr(arguments, field.name) for field in fields(Sampling)})
    prompts = [Prompt(*line) for line in lines]
    if arguments.prompt is not None:
        prompts.insert(0, Prompt(arguments.prompt, "--prompt"))
    for prompt in prompts:
        if not prompt.text:
            raise UserError("the prompt is empty", where=prompt.where, hint="leave it out to start as a document does")
    for number, prompt in enumerate(prompts or [Prompt("", "")]):
        if number:
            yield "\n"
        yield prompt.text
        if prompt.text and model.tokenizer.level == "word":
            yield " "
        yield from model.write(prompt.text, sampling)
        yield "\n"


def warnings(model: TextModel, lines: Sequence[tuple[str, str]], arguments: argparse.Namespace) -> list[str]:
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

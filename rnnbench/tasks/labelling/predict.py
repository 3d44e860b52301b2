"""Tagging text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import unknown_words
from rnnbench.tasks.labelling.model import TaggingModel
from rnnbench.tasks.labelling.text import show, split_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "conll"),
        default="text",
        help="a line for each line: words parted by spaces, [KIND entities], or token/tag; or a line for each token"
        " with its tag, and an empty line after each sentence (default: text)",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="with --format conll: the probability of each tag as third column"
    )


def predict(model: TaggingModel, lines: Sequence[tuple[str, str]], arguments: argparse.Namespace) -> Iterator[str]:
    """Tags each line. Empty lines stay where they are.

    Args:
        model: A trained model.
        lines: Lines of the input files as (text, where it stands).
        arguments: The parsed options.

    Yields:
        The tagged lines.
    """
    conll = arguments.format == "conll"
    if not lines:
        raise UserError(
            "there is nothing to tag", where="rnnbench predict", hint="name a file with a text on each line"
        )
    if arguments.probabilities and not conll:
        raise UserError("a line of text has no third column", where="--probabilities", hint="--format conll")
    characters = model.encoder.of_characters
    tagged = model.tag([split_text(text, characters) for text, _ in lines], arguments.probabilities)
    for (text, _), (tokens, tags, probabilities) in zip(lines, tagged, strict=True):
        if conll:
            columns = [tokens, tags] + ([[f"{p:.4f}" for p in probabilities]] if probabilities is not None else [])
            yield "".join("\t".join(row) + "\n" for row in zip(*columns, strict=True)) + "\n"
        else:
            yield show(text, tokens, tags, model.task, characters) + "\n"


def warnings(model: TaggingModel, lines: Sequence[tuple[str, str]], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what of it the model has never seen."""
    characters = model.encoder.of_characters
    how = "character by character" if characters else "by the spaces between words"
    read = [(where, split_text(text, characters)) for text, where in lines]
    nothing = [
        f"{where}: none of it is in the vocabulary; the model reads text {how}"
        for where, tokens in read
        if tokens and len(model.encoder.missing(tokens)) == len(set(tokens))
    ]
    return [*nothing, *unknown_words(model.encoder.missing([token for _, tokens in read for token in tokens]))]

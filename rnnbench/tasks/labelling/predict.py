"""Tagging text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import unknown_words
from rnnbench.tasks.labelling.model import TaggingModel
from rnnbench.tasks.labelling.text import show, split_text

_TEXTS_AT_ONCE = 512


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "conll", "json"),
        default="text",
        help="a line for each line: words parted by spaces, [KIND entities], or token/tag; a line for each token"
        " with its tag, and an empty line after each sentence; or JSON with tokens and tags (default: text)",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="the probability of each tag: as third column of conll, or in JSON"
    )


def predict(model: TaggingModel, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Tags each line. Empty lines stay where they are.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        The tagged lines.
    """
    if not lines:
        raise UserError(
            "there is nothing to tag", where="rnnbench predict", hint="name a file with a text on each line"
        )
    if arguments.probabilities and arguments.format == "text":
        raise UserError("a line of text has no third column", where="--probabilities", hint="--format conll or json")
    for part in in_parts(lines, arguments.batch_size or _TEXTS_AT_ONCE):
        yield from _tag(model, [text for text, _ in part], arguments)


def _tag(model: TaggingModel, texts: Sequence[str], arguments: argparse.Namespace) -> Iterator[str]:
    characters = model.encoder.of_characters
    tagged = model.tag([split_text(text, characters) for text in texts], arguments.probabilities)
    for text, (tokens, tags, probabilities) in zip(texts, tagged, strict=True):
        if arguments.format == "json":
            certain = {} if probabilities is None else {"probabilities": probabilities}
            yield json_line({"text": text, "tokens": tokens, "tags": tags} | certain)
        elif arguments.format == "conll":
            columns = [tokens, tags] + ([[f"{p:.4f}" for p in probabilities]] if probabilities is not None else [])
            yield "".join("\t".join(row) + "\n" for row in zip(*columns, strict=True)) + "\n"
        else:
            yield show(text, tokens, tags, model.task, characters) + "\n"


def warnings(model: TaggingModel, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
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

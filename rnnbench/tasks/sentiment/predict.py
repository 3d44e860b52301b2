"""Classes of texts by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.errors import UserError
from rnnbench.examples import Piece
from rnnbench.safe_files import new_file, replace_text
from rnnbench.tasks.base.coloured import ansi_text, html_page
from rnnbench.tasks.sentiment.model import TextClassifier
from rnnbench.tasks.sentiment.pictures import EXPLAINED, MOST_STEPS, in_pieces

_NOTHING = "-"
_TEXTS_AT_ONCE = 512


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="class, probability and text parted by tabs; or JSON with all probabilities (default: text)",
    )
    parser.add_argument(
        "--color",
        action="store_true",
        help="show each text coloured by the probability after each word or character; JSON has the pieces",
    )
    parser.add_argument("--html", type=new_file, metavar="FILE", help="write the coloured texts into this page, too")


def predict(model: TextClassifier, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Classifies each line.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        A line for each: class, probability and text, parted by tabs; of a line without a word, ``-`` twice. Or JSON.
    """
    if not lines:
        raise UserError(
            "there is no text", where="rnnbench predict", hint="name a file with a text on each line, or - for stdin"
        )
    pages: list[list[Piece]] = []
    for part in in_parts(lines, arguments.batch_size or _TEXTS_AT_ONCE):
        texts = [text for text, _ in part]
        ids = [model.encode(text) for text in texts]
        for text, tokens, row in zip(texts, ids, model.probabilities(ids), strict=True):
            pieces = in_pieces(model, text) if arguments.color or arguments.html else []
            pages.append(pieces)
            best = int(row.argmax())
            empty = not text.strip() or not len(tokens)
            if arguments.format == "json":
                label = None if empty else model.labels.names[best]
                probabilities = None if empty else dict(zip(model.labels.names, row.tolist(), strict=True))
                shown = {"pieces": [dataclasses.asdict(piece) for piece in pieces]} if arguments.color else {}
                yield json_line({"text": text, "label": label, "probabilities": probabilities} | shown)
                continue
            answer = (_NOTHING, _NOTHING) if empty else (model.labels.names[best], f"{float(row[best]):.4f}")
            yield "\t".join([*answer, ansi_text(pieces) if arguments.color else text]) + "\n"
    if arguments.html:
        replace_text(arguments.html, html_page(pages, model.labels.names, "sentiment", EXPLAINED))


def warnings(model: TextClassifier, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what was cut, and what the model knows no word of."""
    found = []
    for text, where in lines:
        tokens = model.encoder.encode(text)
        if not text.strip() or not len(tokens):
            found.append(f"{where}: no words in it, so no class")
        elif model.encoder.knows_nothing(text):
            found.append(f"{where}: none of its words is in the vocabulary")
        if model.max_length is not None and len(tokens) > model.max_length:
            found.append(f"{where}: cut after {model.max_length:,} of {len(tokens):,} tokens, as in training")
        if (arguments.color or arguments.html) and len(tokens) > MOST_STEPS:
            found.append(f"{where}: only the first {MOST_STEPS:,} of {len(tokens):,} tokens are coloured")
    return found

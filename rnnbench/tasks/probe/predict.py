"""Classes of texts, and texts coloured by a unit: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator, Sequence

from rnnbench.backbone.units import count_units
from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.errors import UserError
from rnnbench.examples import Piece
from rnnbench.safe_files import new_file, replace_text
from rnnbench.tasks.base.coloured import ansi_text, html_page
from rnnbench.tasks.probe.model import StateProbe
from rnnbench.tasks.probe.show import in_pieces

_NOTHING = "-"
_TEXTS_AT_ONCE = 64


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="class, probability and text parted by tabs; or JSON with the value of the unit, too (default: text)",
    )
    parser.add_argument(
        "--color", action="store_true", help="show each text coloured by a unit after each token; JSON has the pieces"
    )
    parser.add_argument("--unit", type=int, metavar="N", help="number of the unit (default: the best one)")
    parser.add_argument("--html", type=new_file, metavar="FILE", help="write the coloured texts into this page, too")


def predict(model: StateProbe, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Classifies each line.

    Args:
        model: A trained probe.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        A line for each: class, probability and text, parted by tabs; of an empty line, ``-`` twice. Or JSON.
    """
    if not lines:
        raise UserError(
            "there is no text", where="rnnbench predict", hint="name a file with a text on each line, or - for stdin"
        )
    unit = model.best_unit[0] if arguments.unit is None else arguments.unit
    if not 0 <= unit < (count := count_units(model.backbone)):
        raise UserError(f"there is no unit {unit}", where="--unit", hint=f"0 to {count - 1:,}")
    names = model.class_names
    pages: list[list[Piece]] = []
    for part in in_parts(lines, arguments.batch_size or _TEXTS_AT_ONCE):
        texts = tuple(text for text, _ in part)
        states = model.states_of(texts)
        for text, row, value in zip(texts, model.probabilities(states), states[:, unit].tolist(), strict=True):
            pieces = in_pieces(model, text, unit) if arguments.color or arguments.html else []
            pages.append(pieces)
            best = int(row.argmax())
            empty = not text.strip()
            if arguments.format == "json":
                probabilities = None if empty else dict(zip(names, row.tolist(), strict=True))
                shown = {"pieces": [dataclasses.asdict(piece) for piece in pieces]} if arguments.color else {}
                label = None if empty else names[best]
                found = {"text": text, "label": label, "probabilities": probabilities, "unit": unit, "value": value}
                yield json_line(found | shown)
                continue
            answer = (_NOTHING, _NOTHING) if empty else (names[best], f"{float(row[best]):.4f}")
            yield "\t".join([*answer, ansi_text(pieces) if arguments.color else text]) + "\n"
    if arguments.html:
        explained = f"The colour is the class that unit {unit} stands for after each token; the stronger, the clearer."
        replace_text(arguments.html, html_page(pages, names, "probe", explained))


def warnings(model: StateProbe, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what is empty, and what the network has never seen."""
    found = []
    for text, where in lines:
        missing = model.network.tokenizer.missing(text)
        if not text.strip():
            found.append(f"{where}: no words in it, so no class")
        elif missing:
            named = ", ".join(repr(token) for token in missing[:10])
            found.append(f"{where}: not in the network's vocabulary, read as <unk>: {named}")
    return found

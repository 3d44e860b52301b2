"""What a probe shows of its test split: the best unit, texts coloured by it, accuracy against the number of labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from rnnbench.examples import Example, Line, Piece, plain
from rnnbench.safe_files import csv_text, replace_text
from rnnbench.tasks.base.classes import in_turn
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.probe.pictures import BY_LABELS, UNIT, draw_by_labels, draw_unit
from rnnbench.tasks.probe.states import follow_unit

if TYPE_CHECKING:
    from rnnbench.tasks.probe.model import StateProbe

TABLE = "labels.csv"
_EXAMPLES = 6
_EXAMPLE_CHARACTERS = 400


def in_pieces(model: StateProbe, text: str, unit: int | None = None) -> list[Piece]:
    """A text in pieces which together are the whole, each with the value of a unit after it.

    The colour is the class that the value stands for: with the best unit on which side of its threshold it is, with any
    other one whether tanh of it is below or above its mean over the training texts. A value as far away as two
    deviations there has the full colour.

    Args:
        model: A trained probe.
        text: The text.
        unit: Number of the unit; None for the best one.
    """
    best, threshold, sign = model.best_unit
    unit = best if unit is None else unit
    middle = model.bounded(torch.tensor(threshold)) if unit == best else model.mean[unit].cpu()
    turned = sign if unit == best else 1
    spread = 2 * float(model.deviation[unit])
    pieces: list[Piece] = []
    position = 0
    spans = model.network.tokenizer.spans(text)
    for (start, end), value in zip(spans, follow_unit(model.network, text, unit), strict=True):
        if start == end:  # a byte of a character that is not over
            continue
        away = turned * (torch.tensor(value, dtype=torch.float64).tanh() - middle).item()
        strength = min(abs(away) / spread, 1.0)
        pieces += [Piece(text[position:start]), Piece(text[start:end], f"{value:+.2f}", strength, int(away > 0))]
        position = end
    return [piece for piece in [*pieces, Piece(text[position:])] if piece.text]


def record_pictures(model: StateProbe) -> None:
    """Writes the accuracy against the number of labels into the run folder, and draws it and the best unit.

    Args:
        model: A probe that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    scores, labels = model.scores, model.labels.tolist()
    rows = [[count, repr(right)] for count, right in zip(labels, scores.accuracies, strict=True)]
    replace_text(folder / TABLE, csv_text([["labels", "accuracy"], *rows]))
    unit, threshold, _ = model.best_unit
    draw_unit(folder / UNIT, scores.unit_values, scores.classes, model.class_names, unit, threshold)
    by_unit = float((model.by_unit(torch.from_numpy(scores.unit_values)).numpy() == scores.classes).mean())
    draw_by_labels(folder / BY_LABELS, labels, scores.accuracies, by_unit)
    for name in (UNIT, BY_LABELS):
        record_picture(model.trainer, name)


def examples_of(model: StateProbe) -> list[Example]:
    """Test texts of both classes in turn, coloured by the best unit, and what is said of them.

    Args:
        model: A probe that was tested just now.
    """
    texts = model.data.splits["test"]
    unit = model.best_unit[0]
    found: list[Example] = []
    for number in in_turn(texts.classes.tolist(), _EXAMPLES):
        text = texts.texts[number]
        states = model.states_of((text,))
        names = model.class_names
        said = {
            "class": names[int(texts.classes[number])],
            "all units": names[int(model.probabilities(states).argmax())],
            f"unit {unit}": names[int(model.by_unit(states[:, unit]))],
        }
        shown = tuple(in_pieces(model, text[:_EXAMPLE_CHARACTERS]))
        found.append((Line("text", shown), *(plain(name, one) for name, one in said.items())))
    return found

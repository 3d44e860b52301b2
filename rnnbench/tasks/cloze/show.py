"""What people see of a test: what a blank costs by its place, and some that were filled."""

from __future__ import annotations

import math
from pathlib import Path

from rnnbench.examples import Example, plain
from rnnbench.tasks.base.pictures import new_figure, record_picture, save_figure
from rnnbench.tasks.cloze.blanks import BLANK
from rnnbench.tasks.cloze.metrics import NEAR
from rnnbench.tasks.cloze.model import ClozeTask

BY_PLACE = "by_place.png"
"""Name of the picture in a run folder."""

_EXAMPLES = 6
_CANDIDATES = 5
_AROUND = 20


def draw_test(model: ClozeTask) -> None:
    """Draws the bits that a blank costs, by the number of tokens before it and after it.

    Args:
        model: A model that was tested just now.
    """
    figure = new_figure(5, 3.2)
    axes = figure.subplots()
    for name, of_place in zip(("before it", "after it"), model.scores.by_place(), strict=True):
        axes.plot(range(NEAR), (of_place.nats / math.log(2)).tolist(), marker="o", label=name)
    axes.set_xticks(range(NEAR), [*map(str, range(NEAR - 1)), f"{NEAR - 1} or more"])
    axes.set(xlabel="tokens on one side of the blank", ylabel="bits a blank", ylim=(0, None), title=model.model_name())
    axes.legend()
    save_figure(figure, Path(model.trainer.default_root_dir, BY_PLACE), dpi=110)
    record_picture(model.trainer, BY_PLACE)


def examples_of(model: ClozeTask) -> list[Example]:
    """Test texts with a blank in the middle: what stood there, and what the model would put there.

    Args:
        model: A model that was tested just now.
    """
    texts = model.data.splits["test"]
    found: list[Example] = []
    for number in range(min(_EXAMPLES, len(texts.lengths))):
        ids = texts[number]
        place = len(ids) // 2
        candidates = model.fill([ids], _CANDIDATES)[0][place]
        names = model.encoder.tokens
        parts = [ids[max(0, place - _AROUND) : place].tolist(), ids[place + 1 : place + 1 + _AROUND].tolist()]
        left, right = (model.encoder.decode(part) for part in parts)
        space = "" if model.encoder.unit == "char" else " "
        told = ", ".join(f"{token} {probability:.2f}" for token, probability in candidates)
        found.append(
            (
                plain("text", f"{left}{space}{BLANK}{space}{right}"),
                plain("left out", names[int(ids[place])]),
                plain("candidates", told),
            )
        )
    return found

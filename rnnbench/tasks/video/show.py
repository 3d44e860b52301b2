"""What people see of a test: strips of the best, middling and worst clips, and some in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from rnnbench.examples import Example, plain
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.pictures import best_median_worst, record_picture
from rnnbench.tasks.video.metrics import ClipScores, Span, spans
from rnnbench.tasks.video.model import VideoModel
from rnnbench.tasks.video.pictures import STRIPS, Strip, draw_strips

_STRIPS = 2
_EXAMPLES = 4


def draw_test(model: VideoModel) -> None:
    """Draws clips of the test split.

    Args:
        model: A model that was tested just now.
    """
    clips = model.data.splits["test"]
    if isinstance(model.scores, ClipScores):
        scores = model.scores.frame_accuracies()
        numbers = list(scores)
        chosen = [
            (numbers[row], f"{name}, {100 * scores[numbers[row]]:.1f} % of the frames: ")
            for name, rows in best_median_worst(list(scores.values()), _STRIPS)
            for row in rows
        ]
    else:
        chosen = [(number, "") for number in range(min(3 * _STRIPS, len(clips.clips)))]
    strips = []
    for number, told in chosen:
        wanted, given = _said(model, number)
        hidden = clips.hidden[number].tolist()
        strips.append(Strip(clips.frames(number), wanted, given, hidden, f"{told}{clips.clips[number].name}"))
    path = Path(model.trainer.default_root_dir, STRIPS)
    draw_strips(path, strips, model.classes, model.background, model.several)
    record_picture(model.trainer, STRIPS)


def examples_of(model: VideoModel) -> list[Example]:
    """The first clips of the test split: what is there, and what was said.

    Args:
        model: A model that was tested just now.
    """
    clips = model.data.splits["test"]
    found: list[Example] = []
    for number in range(min(_EXAMPLES, len(clips.clips))):
        wanted, given = (in_words(model, labels) for labels in _said(model, number))
        found.append((plain("clip", clips.clips[number].name), plain("wanted", wanted), plain("model", given)))
    return found


def in_words(model: VideoModel, found: Sequence[Span]) -> str:
    """Segments, such as ``nothing 0-3, disc 4-17``; of a clip with one class, that."""
    if not model.every_frame:
        return model.classes[found[0].label]
    return ", ".join(f"{model.classes[one.label]} {one.first}-{one.end - 1}" for one in found) or "-"


def _said(model: VideoModel, number: int) -> tuple[list[Span], list[Span]]:
    """What is there in a test clip, and what the model says, as segments."""
    batch = model.data.splits["test"]([number], 0)
    moved = model.transfer_batch_to_device(batch, model.device, 0)
    with evaluating(model):
        scores = model(moved.frames, moved.lengths, moved.places).cpu()
    if model.several:
        held = [_held(one) for one in (batch.y > 0, model.probabilities(scores) > 0.5)]
        return held[0], held[1]
    if model.every_frame:
        return spans(batch.y.tolist()), spans(scores.argmax(1).tolist())
    return [Span(int(batch.y), 0, batch.tokens)], [Span(int(scores.argmax()), 0, batch.tokens)]


def _held(holds: Tensor) -> list[Span]:
    """Of classes that hold or not ``(T, C)``, all segments of each."""
    return [
        Span(label, one.first, one.end)
        for label, column in enumerate(holds.long().T.tolist())
        for one in spans(column, background=0)
    ]

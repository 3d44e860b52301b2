"""What a run shows of its test split: paths of glimpses, and where each class is looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import IGNORED
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.glimpses.models.looking import LookingReader
from rnnbench.tasks.glimpses.pictures import GLIMPSES, LOOKED_AT, Seen, covered, draw_glimpses, draw_looked_at

_DRAWN = 8
# Scenes of the test split whose looks are counted.
_COUNTED = 2000
_AT_ONCE = 250


def record_looks(model: LookingReader) -> None:
    """Draws both pictures into the run folder.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    scenes = model.data.splits["test"]
    batch = scenes(list(range(min(_DRAWN, len(scenes.lengths)))), 0)
    draw_glimpses(folder / GLIMPSES, seen_of(model, batch.images, model.passes, batch.y))
    record_picture(model.trainer, GLIMPSES)
    draw_looked_at(folder / LOOKED_AT, _by_class(model))
    record_picture(model.trainer, LOOKED_AT)


def seen_of(model: LookingReader, images: Tensor, passes: int, y: Tensor | None = None) -> list[Seen]:
    """Images with all that is to be drawn of them; of several passes, the first one's looks.

    Args:
        model: The model.
        images: ``(B, C, C)`` uint8.
        passes: Passes over each.
        y: The right answers ``(B, L)``, if they are known.
    """
    with evaluating(model):
        scores, looked = model.read(images.to(model.device), passes)
        places = looked.places[::passes]
        pixels = images.to(places) / 255
        patches = model.glimpse.retina(model.glimpse.retina.pyramid(pixels), places.flatten(0, 1))
        thoughts = torch.stack([model.output(one[::passes]).argmax(1) for one in looked.spoken], 1)
    drawn = patches.unflatten(0, places.shape[:2]).double().cpu().numpy()
    found = []
    for number, probabilities in enumerate(scores.double().softmax(2).cpu()):
        names, _ = model.said(probabilities)
        found.append(
            Seen(
                images[number].numpy(),
                places[number].double().cpu().numpy(),
                drawn[number].clip(0, 1),
                [model.classes[i] for i in thoughts[number].tolist()],
                " ".join(names) or "-",
                None if y is None else " ".join(model.wanted(y[number])),
            )
        )
    return found


def _by_class(model: LookingReader) -> list[tuple[str, NDArray[np.float64], NDArray[np.float64]]]:
    """Of each class that is an answer, the mean of its scenes and the share of its looks that covers each pixel."""
    scenes = model.data.splits["test"]
    count = min(_COUNTED, len(scenes.lengths))
    sums = np.zeros((len(model.classes), 2, model.size, model.size))
    numbers = np.zeros((len(model.classes), 2))
    for first in range(0, count, _AT_ONCE):
        batch = scenes(list(range(first, min(first + _AT_ONCE, count))), 0)
        with evaluating(model):
            places = model.read(batch.images.to(model.device), 1)[1].places
        middles = ((places.double().cpu() + 1) * (model.size / 2)).unflatten(1, (model.answers, model.glimpses)).numpy()
        y = batch.y.numpy()
        for one in np.unique(y[y != IGNORED]):
            scene, answer = np.nonzero(y == one)
            looks = middles[scene, answer].reshape(-1, 2)
            sums[one, 0] += batch.images.numpy()[scene].sum(0, dtype=np.float64)
            sums[one, 1] += covered(looks, model.glimpse.retina.width, model.size)
            numbers[one] += len(scene), len(looks)
    there = np.flatnonzero(numbers[:, 0])
    means = sums[there] / numbers[there][:, :, None, None]
    return [(model.classes[int(one)], *of_class) for one, of_class in zip(there, means, strict=True)]

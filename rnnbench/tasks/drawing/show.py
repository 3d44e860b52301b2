"""What a run shows: drawings beside the nearest images of training, the canvas over time, what becomes of images."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.drawing.model import Drawn, ImageModel
from rnnbench.tasks.drawing.pictures import CANVAS, RECONSTRUCTIONS, SAMPLES, Shown, draw_sheet

_ROWS, _ACROSS = 5, 6
# Strokes that are shown of a drawing at most.
_STROKES = 12
_AT_ONCE = 1000
_SEED = 1


def record_drawings(model: ImageModel, folder: Path) -> None:
    """Draws the pictures of a run into its folder.

    Args:
        model: A model that was tested just now.
        folder: The folder.
    """
    drawn = draw_some(model, _ROWS * _ACROSS, _SEED, None)
    last = drawn.canvases[:, -1]
    nearest = _nearest(model, last)
    pairs = [
        [
            Shown(one.double().numpy())
            for i in range(row * _ACROSS, (row + 1) * _ACROSS)
            for one in (last[i], nearest[i])
        ]
        for row in range(_ROWS)
    ]
    draw_sheet(folder / SAMPLES, pairs)
    steps = strokes_shown(drawn.canvases.shape[1], _STROKES)
    draw_sheet(folder / CANVAS, [[shown(drawn, i, step) for step in steps] for i in range(_ROWS)])
    images = model.data.splits["test"]
    batch = images(list(range(min(2 * _ACROSS, len(images.lengths)))), 0)
    again = model.reconstruct(batch.images.to(model.device), batch.y[:, 0].to(model.device))
    if again is not None:
        pixels = batch.images.double() / 255
        draw_sheet(folder / RECONSTRUCTIONS, [[Shown(one.numpy()) for one in row] for row in (pixels, again)])
    for name in (SAMPLES, CANVAS, RECONSTRUCTIONS):
        if (folder / name).is_file():
            record_picture(model.trainer, name)


def draw_some(model: ImageModel, count: int, seed: int, of_class: int | None) -> Drawn:
    """Draws images, the same for the same seed; on the CPU.

    Args:
        model: The model.
        count: How many.
        seed: Seed of what is drawn behind them.
        of_class: Number of the class of all; None for all classes in turn.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, model.noise_size, generator=generator)
    classes = torch.arange(count) % len(model.classes) if of_class is None else torch.full((count,), of_class)
    with evaluating(model):
        drawn = model.draw(classes.to(model.device), noise.to(model.device, model.number_type))
    return Drawn(drawn.canvases.cpu(), None if drawn.windows is None else drawn.windows.cpu())


def shown(drawn: Drawn, number: int, step: int) -> Shown:
    """The canvas of one drawing after a stroke, with the window of that stroke."""
    window = None
    if drawn.windows is not None:
        left, top, width = drawn.windows[number, step].tolist()
        window = (left, top, width)
    return Shown(drawn.canvases[number, step].double().numpy(), window)


def strokes_shown(strokes: int, most: int) -> list[int]:
    """Numbers of at most so many strokes, the last one among them, evenly spread."""
    count = min(strokes, most)
    return [(i + 1) * strokes // count - 1 for i in range(count)]


def _nearest(model: ImageModel, drawn: Tensor) -> Tensor:
    """Of each drawing ``(N, S, S)`` the image of training with the least squared distance."""
    images = model.data.train_images()
    wanted = drawn.flatten(1).double()
    best = torch.full((len(wanted),), torch.inf, dtype=torch.float64)
    found = torch.zeros_like(drawn, dtype=torch.float64)
    for first in range(0, len(images.lengths), _AT_ONCE):
        some = images(list(range(first, min(first + _AT_ONCE, len(images.lengths)))), 0).images.double() / 255
        least, which = torch.cdist(wanted, some.flatten(1)).min(1)
        nearer = least < best
        best, found[nearer] = torch.where(nearer, least, best), some[which[nearer]]
    return found

"""Whether attention looks at what is being named."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnbench.tasks.captioning.images import Box, CaptionedImage


def touched(boxes: Sequence[Box], grid: tuple[int, int]) -> Tensor:
    """Which cells of a grid over the image touch a box ``(rows * columns,)`` (bool), row by row.

    Args:
        boxes: Boxes, as shares of the sides.
        grid: Rows and columns.
    """
    rows, columns = grid
    top, left = torch.arange(rows)[:, None] / rows, torch.arange(columns)[None, :] / columns
    found = torch.zeros(rows, columns, dtype=torch.bool)
    for x0, y0, x1, y1 in boxes:
        found |= (left < x1) & (left + 1 / columns > x0) & (top < y1) & (top + 1 / rows > y0)
    return found.flatten()


def count_pointed(
    weights: Tensor, owner: Tensor, images: Sequence[CaptionedImage | None], grid: tuple[int, int]
) -> Tensor:
    """How often the largest weight lies on a thing while its noun is being written, after the reference's words before.

    Of equal weights the first one is the largest.

    Args:
        weights: ``(N, T, S)``, of the step that predicts each word of N captions, over the cells of a grid.
        owner: ``(N,)`` int64, ascending: which image each caption is of.
        images: The B images; None counts nothing.
        grid: Rows and columns.

    Returns:
        ``(B, 3)`` float64: nouns that are pointed at, nouns, and how many would be if any cell were as likely.
    """
    counts = torch.zeros(len(images), 3, dtype=torch.float64)
    first = torch.searchsorted(owner, torch.arange(len(images), device=owner.device)).tolist()
    best = weights.argmax(2).tolist()
    for number, image in enumerate(images):
        for word in image.named if image is not None else ():
            cells = touched(word.boxes, grid)
            hit = cells[best[first[number] + word.caption][word.word]]
            counts[number] += torch.tensor([float(hit), 1.0, cells.double().mean()])
    return counts

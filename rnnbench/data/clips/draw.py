"""How a generated clip looks: a shape on a dark ground, an occluder before it, whole pixels on every machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.images.picture import Pixels

SIDE = 32
"""Pixels of a side."""
RADIUS = 4
"""A shape reaches so many pixels from its middle."""

_LINE = np.arange(-RADIUS, RADIUS + 1)
_X, _Y = np.meshgrid(_LINE, _LINE)
_MASKS = {
    "disc": _X**2 + _Y**2 <= RADIUS**2 + 1,
    "square": np.maximum(abs(_X), abs(_Y)) < RADIUS,
    "triangle": (2 * abs(_X) <= _Y + RADIUS) & (_Y < RADIUS),
    "cross": np.minimum(abs(_X), abs(_Y)) <= 1,
}
SHAPES = tuple(_MASKS)
"""Names of the shapes."""

COLOURS = ((214, 50, 45), (60, 170, 70), (70, 110, 230), (240, 200, 40), (190, 90, 210))
"""Red, green and blue of each colour."""
_GROUND, _OCCLUDER = (20, 20, 24), (120, 120, 126)


class Box(NamedTuple):
    """Columns ``left`` to ``right - 1``, rows ``top`` to ``bottom - 1``."""

    left: int
    top: int
    right: int
    bottom: int


class Thing(NamedTuple):
    """A shape at a place."""

    shape: int
    """Number of its shape."""
    colour: int
    x: int
    """Column of its middle."""
    y: int
    """Row of its middle."""


def draw_frame(things: Iterable[Thing], occluder: Box | None) -> Pixels:
    """The pixels ``(SIDE, SIDE, 3)`` of a frame.

    Args:
        things: What is there.
        occluder: What stands before it; None for nothing.
    """
    pixels = np.full((SIDE, SIDE, 3), _GROUND, dtype=np.uint8)
    if occluder is not None:
        pixels[occluder.top : occluder.bottom, occluder.left : occluder.right] = _OCCLUDER
    for thing in things:
        pixels[_seen(thing, occluder)] = COLOURS[thing.colour]
    return pixels


def visible(thing: Thing, occluder: Box | None) -> int:
    """How many pixels of a shape can be seen."""
    return int(_seen(thing, occluder).sum())


def _seen(thing: Thing, occluder: Box | None) -> NDArray[np.bool_]:
    """Where a shape can be seen ``(SIDE, SIDE)``."""
    # With a margin, so that what is half outside has its place.
    margin = 2 * RADIUS + 1
    canvas = np.zeros((SIDE + 2 * margin, SIDE + 2 * margin), dtype=np.bool_)
    row, column = thing.y + margin - RADIUS, thing.x + margin - RADIUS
    canvas[row : row + 2 * RADIUS + 1, column : column + 2 * RADIUS + 1] = _MASKS[SHAPES[thing.shape]]
    seen = canvas[margin:-margin, margin:-margin]
    if occluder is not None:
        seen[occluder.top : occluder.bottom, occluder.left : occluder.right] = False
    return seen

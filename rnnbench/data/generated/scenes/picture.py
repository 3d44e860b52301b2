"""How a scene looks."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from rnnbench.data.generated.scenes.scene import SIDE, Scene

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_RGB = {
    "red": (214, 30, 35),
    "green": (40, 150, 50),
    "blue": (35, 80, 220),
    "yellow": (250, 210, 20),
    "purple": (145, 50, 190),
    "orange": (255, 130, 15),
    "black": (25, 25, 25),
}
# Drawn so many times larger and made smaller again, for soft edges.
_FINER = 4
_INNER = 0.45
_THICK = 0.36

_Colour = tuple[int, int, int]


def draw(scene: Scene) -> bytes:
    """A BMP file of 64 x 64 pixels; not compressed, because no library promises to compress the same in all versions.

    Args:
        scene: The scene.
    """
    from PIL import Image
    from PIL.ImageDraw import Draw

    fine = Image.new("RGB", (SIDE * _FINER, SIDE * _FINER), (scene.shade,) * 3)
    canvas = Draw(fine)
    for thing in scene.things:
        for x, y in thing.centres:
            _shape(
                canvas,
                thing.shape,
                (x * _FINER, y * _FINER, thing.radius * _FINER),
                _RGB[thing.colour],
                (scene.shade,) * 3,
            )
    file = io.BytesIO()
    fine.reduce(_FINER).save(file, format="BMP")
    return file.getvalue()


def _shape(canvas: ImageDraw, shape: str, place: tuple[int, int, int], colour: _Colour, ground: _Colour) -> None:
    x, y, r = place
    box = (x - r, y - r, x + r, y + r)
    if shape in ("circle", "ring"):
        canvas.ellipse(box, fill=colour)
        if shape == "ring":
            inner = r * (1 - _THICK)
            canvas.ellipse((x - inner, y - inner, x + inner, y + inner), fill=ground)
    elif shape == "square":
        side = 0.88 * r
        canvas.rectangle((x - side, y - side, x + side, y + side), fill=colour)
    elif shape == "cross":
        half = _THICK * r
        canvas.rectangle((x - r, y - half, x + r, y + half), fill=colour)
        canvas.rectangle((x - half, y - r, x + half, y + r), fill=colour)
    elif shape == "triangle":
        canvas.polygon([(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)], fill=colour)
    else:
        corners = [
            (math.sin(math.pi * i / 5) * size, -math.cos(math.pi * i / 5) * size)
            for i, size in enumerate([r, _INNER * r] * 5)
        ]
        canvas.polygon([(x + across, y + down) for across, down in corners], fill=colour)

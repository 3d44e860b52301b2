"""The same as a film: glimpse after glimpse, what is seen and what is thought."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import save_film
from rnnbench.tasks.glimpses.pictures import MOST, Seen

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 320
_GAP = 8
_TEXT = 18
# Milliseconds of a look, and of the answer.
_LOOK, _ANSWER = 500, 1500
# How bright is what was never looked at.
_DARK = 0.3
_BOX, _PATH, _AROUND = (255, 170, 60), (64, 192, 255), (48, 48, 48)


def write_film(path: Path, images: Sequence[Seen]) -> None:
    """Writes a film of the looks at each image: its frames show what was seen until then, and the patches of now.

    Args:
        path: Where to write it, as GIF or WebP by its extension.
        images: The images, of which only the first 16 are shown.
    """
    frames, times = [], []
    for one in images[:MOST]:
        for look in range(len(one.places)):
            frames.append(_frame(one, look))
            times.append(_ANSWER if look == len(one.places) - 1 else _LOOK)
    save_film(frames, times, path)


def _frame(one: Seen, look: int) -> Image:
    from PIL import Image, ImageDraw
    from PIL.Image import Resampling

    scales = one.patches.shape[1]
    patch = (_SIDE - (scales - 1) * _GAP) // scales if scales > 1 else _SIDE // 2
    frame = Image.new("RGB", (_SIDE + patch + 3 * _GAP, _SIDE + 3 * _GAP + _TEXT), _AROUND)
    shown = Image.fromarray((one.pixels * _lit(one, look)).astype(np.uint8))
    shown = shown.resize((_SIDE, _SIDE), Resampling.NEAREST).convert("RGB")
    draw, zoom = ImageDraw.Draw(shown), _SIDE / len(one.pixels)
    draw.line([(x * zoom, y * zoom) for x, y in one.middles[: look + 1]], fill=_PATH, width=2)
    for scale in range(scales):
        left, top, width = (part * zoom for part in one.corners(look, scale))
        draw.rectangle((left, top, left + width, top + width), outline=_BOX, width=2)
        seen = Image.fromarray((one.patches[look, scale] * 255).round().astype(np.uint8))
        seen = seen.resize((patch, patch), Resampling.NEAREST).convert("RGB")
        frame.paste(seen, (_SIDE + 2 * _GAP, _GAP + scale * (patch + _GAP)))
    frame.paste(shown, (_GAP, _GAP))
    said = one.said if look == len(one.places) - 1 else f"{one.thoughts[look]} ?"
    text = ImageDraw.Draw(frame)
    text.text((_GAP, _SIDE + 2 * _GAP), f"{look + 1}: {said}", fill=(255, 255, 255), font_size=_TEXT - 3)
    return frame


def _lit(one: Seen, look: int) -> NDArray[np.float64]:
    """How bright each pixel is ``(C, C)``: what lay in a finest patch is, once it was looked at."""
    places = np.arange(len(one.pixels)) + 0.5
    lit = np.full(one.pixels.shape, _DARK)
    for number in range(look + 1):
        left, top, width = one.corners(number, 0)
        across, down = (abs(places - (start + width / 2)) <= width / 2 for start in (left, top))
        lit[np.ix_(down, across)] = 1
    return lit

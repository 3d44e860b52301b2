"""Pictures of what was drawn: sheets of small images, and films of a canvas."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.safe_files import new_file, replace_bytes
from rnnbench.tasks.base.pictures import FILMS, save_film

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLES = "samples.png"
CANVAS = "canvas.png"
RECONSTRUCTIONS = "reconstructions.png"
SHEETS = {".png": "PNG", ".jpg": "JPEG", ".bmp": "BMP"}
"""Extensions of sheets, and Pillow's names of their formats."""

Tile = NDArray[np.float64]
"""``(S, S)`` from 0 to 1."""
_SIDE, _GAP = 64, 4
_AROUND = (48, 48, 48)
_FRAME = (255, 170, 60)
_STROKE, _END = 200, 1500


class Shown(NamedTuple):
    """A tile, and the window that is framed on it: left, top and width in pixels."""

    pixels: Tile
    window: tuple[float, float, float] | None = None


def new_drawing(name: str) -> Path:
    """The type of an option that names a sheet or a film to write: what cannot be written is told before it is drawn.

    Args:
        name: The path as a user wrote it.

    Raises:
        UserError: There is no such format, or as `rnnbench.safe_files.new_file` says.
    """
    path = new_file(name)
    if path.suffix.lower() not in (*SHEETS, *FILMS):
        raise UserError(
            f"a picture cannot be written as {path.suffix or 'a file without extension'}",
            where=path,
            hint=f"can be written: {', '.join([*SHEETS, *FILMS])}",
        )
    return path


def draw_sheet(path: Path, rows: Sequence[Sequence[Shown]]) -> None:
    """Writes rows of tiles.

    Args:
        path: Where to write it, with an extension of `SHEETS`.
        rows: The tiles of each row.
    """
    content = io.BytesIO()
    _sheet(rows).save(content, format=SHEETS[path.suffix.lower()])
    replace_bytes(path, content.getvalue())


def write_film(path: Path, frames: Sequence[Sequence[Sequence[Shown]]]) -> None:
    """Writes a film of sheets, the last of which stays a while.

    Args:
        path: Where to write it, as GIF or WebP by its extension.
        frames: Rows of tiles, frame by frame.
    """
    times = [_STROKE] * (len(frames) - 1) + [_END]
    save_film([_sheet(rows) for rows in frames], times, path)


def _sheet(rows: Sequence[Sequence[Shown]]) -> Image:
    from PIL import ImageDraw
    from PIL.Image import Resampling, fromarray, new

    across = max(len(row) for row in rows)
    step = _SIDE + _GAP
    page = new("RGB", (across * step + _GAP, len(rows) * step + _GAP), _AROUND)
    for down, row in enumerate(rows):
        for right, one in enumerate(row):
            tile = fromarray((one.pixels.clip(0, 1) * 255).round().astype(np.uint8))
            tile = tile.resize((_SIDE, _SIDE), Resampling.NEAREST).convert("RGB")
            if one.window is not None:
                left, top, width = (part * _SIDE / len(one.pixels) for part in one.window)
                ImageDraw.Draw(tile).rectangle((left, top, left + width, top + width), outline=_FRAME)
            page.paste(tile, (_GAP + right * step, _GAP + down * step))
    return page

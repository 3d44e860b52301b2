"""Pictures: the image with what was looked at for each word, and a sheet of good, middling and bad captions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from torch import Tensor

from rnnbench.data.images.picture import Pixels
from rnnbench.tasks.base.fonts import font_families
from rnnbench.tasks.base.pictures import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ATTENTION = "attention.png"
"""Name of the picture of attention in a run folder."""
SHEET = "captions.png"
"""Name of the sheet of captions in a run folder."""

# Inches.
_TILE = 1.35
_LINE = 0.17
_DPI = 100
_ACROSS = 9
_MOST_ITEMS = 16
_MOST_WORDS = 34
_FONT_SIZE = 8
_LETTERS = 22


class Seen(NamedTuple):
    """An image with the words of its caption, and what was looked at for each."""

    pixels: Pixels
    words: Sequence[str]
    maps: Tensor
    """``(T, rows, columns)``, each summing to 1 or less."""


class Judged(NamedTuple):
    """An image with a caption, one of the references, and how good the caption is."""

    pixels: Pixels
    caption: str
    reference: str
    score: float


def draw_attention(path: Path, items: Sequence[Seen]) -> None:
    """Draws images one below the other: each as it is, then once for every word, lit where it was looked at.

    The brightest place of a word's picture has its largest weight, the darkest none. Only what fits on a page is drawn,
    the first 16 images and 34 words of each.

    Args:
        path: Where to write it; the extension says in which format, such as ``.png``.
        items: The images.

    Raises:
        UserError: The file cannot be written.
    """
    items = [Seen(one.pixels, list(one.words)[:_MOST_WORDS], one.maps) for one in items[:_MOST_ITEMS]]
    heights = [-(-(len(one.words) + 1) // _ACROSS) for one in items]
    across = min(max((len(one.words) + 1 for one in items), default=1), _ACROSS)
    words = [word for one in items for word in one.words]
    figure, style, missing = _figure(across, max(sum(heights), 1), _TILE + _LINE, words)
    first = 0
    for one, height in zip(items, heights, strict=True):
        tiles = [(one.pixels, "")]
        tiles += [(_lit(one.pixels, grid), word) for grid, word in zip(one.maps, one.words, strict=False)]
        for number, (pixels, label) in enumerate(tiles):
            axes = _tile(figure, number % across, first + number // across, _TILE + _LINE)
            axes.imshow(pixels)
            axes.set_title(label.translate(missing), pad=2, **style)
        first += height
    save_figure(figure, path, _DPI)


def draw_sheet(path: Path, groups: Sequence[tuple[str, Sequence[Judged]]]) -> None:
    """Draws groups of images with their captions, a row each.

    Args:
        path: Where to write it.
        groups: Title and images of each group.

    Raises:
        UserError: The file cannot be written.
    """
    height = _TILE + 8 * _LINE
    across = max((len(items) for _, items in groups), default=1)
    texts = [text for _, items in groups for one in items for text in (one.caption, one.reference)]
    figure, style, missing = _figure(across, len(groups), height, texts)
    for row, (title, items) in enumerate(groups):
        for column, one in enumerate(items):
            axes = _tile(figure, column, row, height)
            axes.imshow(one.pixels)
            axes.set_title(
                f"{title}: {one.score:.2f}" if not column else f"{one.score:.2f}", loc="left", pad=2, **style
            )
            written = textwrap.wrap(one.caption or "(nothing)", _LETTERS)[:3]
            meant = textwrap.wrap(f"({one.reference})", _LETTERS)[:3]
            axes.text(
                0,
                -0.04,
                "\n".join(written).translate(missing),
                transform=axes.transAxes,
                va="top",
                color="black",
                **style,
            )
            below = -0.04 - (len(written) + 0.15) * _LINE / _TILE
            axes.text(
                0, below, "\n".join(meant).translate(missing), transform=axes.transAxes, va="top", color="0.45", **style
            )
    save_figure(figure, path, _DPI)


def _figure(
    across: int, down: int, height: float, texts: Sequence[str]
) -> tuple[Figure, dict[str, Any], dict[int, str]]:
    """An empty figure, how its texts look, and what stands for characters that no font has."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(across * (_TILE + 0.1) + 0.1, down * height + 0.1))
    families, missing = font_families(set("".join(texts)))
    style = {"fontfamily": families, "fontsize": _FONT_SIZE, "parse_math": False}
    return figure, style, {ord(character): "□" for character in missing}


def _tile(figure: Figure, column: int, row: int, height: float) -> Axes:
    """Axes for an image, with room for a line above it and what else the row is high below it."""
    width, full = figure.get_size_inches()
    left, top = 0.1 + column * (_TILE + 0.1), 0.05 + row * height + _LINE
    axes = figure.add_axes((left / width, 1 - (top + _TILE) / full, _TILE / width, _TILE / full))
    axes.set_axis_off()
    return axes


def _lit(pixels: Pixels, grid: Tensor) -> Pixels:
    """The image, dark where the weights ``(rows, columns)`` are small."""
    from PIL import Image

    weights = grid.detach().float().cpu().numpy()
    shares = weights / max(float(weights.max()), 1e-12)
    side = pixels.shape[1], pixels.shape[0]
    smooth = np.asarray(Image.fromarray(shares.astype(np.float32)).resize(side, Image.Resampling.BICUBIC))
    return (pixels * (0.2 + 0.8 * smooth.clip(0, 1))[..., None]).astype(np.uint8)

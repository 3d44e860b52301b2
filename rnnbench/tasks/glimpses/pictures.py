"""Pictures: the path of glimpses over an image with what was seen there, and where each class is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

GLIMPSES = "glimpses.png"
"""Name of the picture of paths in a run folder."""
LOOKED_AT = "looked_at.png"
"""Name of the picture of places by class in a run folder."""

MOST = 16
"""Images that are drawn at most."""

# Inches.
_TILE = 1.7
_PATCH = 0.62
_TITLE = 0.22
_GAP = 0.08
_DPI = 110
_ACROSS = 5
_MOST_CLASSES = 20


class Seen(NamedTuple):
    """An image that was looked at T times."""

    pixels: NDArray[np.uint8]
    """``(C, C)``."""
    places: NDArray[np.float64]
    """``(T, 2)``: (x, y), each from -1 to 1."""
    patches: NDArray[np.float64]
    """``(T, scales, G, G)`` from 0 to 1."""
    thoughts: Sequence[str]
    """What it would have said after each look."""
    said: str
    """What it said in the end."""
    right: str | None = None
    """What is right, where that is known."""

    @property
    def middles(self) -> NDArray[np.float64]:
        """Middles of the glimpses in pixels ``(T, 2)``: (x, y), from the corner."""
        return (self.places + 1) * (len(self.pixels) / 2)

    def corners(self, look: int, scale: int) -> tuple[float, float, float]:
        """Left, top and width of a patch, in pixels."""
        width = self.patches.shape[2] * 2.0**scale
        x, y = self.middles[look]
        return float(x - width / 2), float(y - width / 2), width


def draw_glimpses(path: Path, images: Sequence[Seen]) -> None:
    """Draws images one below the other: each with the path over it, then what was seen at each look.

    The finest patch stands at the top. Only the first 16 images are drawn.

    Args:
        path: Where to write it; the extension says in which format, such as ``.png``.
        images: The images.

    Raises:
        UserError: The file cannot be written.
    """
    images = images[:MOST]
    scales, looks = images[0].patches.shape[1], max(len(one.places) for one in images)
    height = max(_TILE, scales * (_PATCH + _GAP)) + _TITLE + _GAP
    figure, axes = _page(_TILE + 2 * _GAP + looks * (_PATCH + _GAP), len(images) * height + _GAP)
    colours = _colours(looks)
    for row, one in enumerate(images):
        top = _GAP + _TITLE + row * height
        _draw_path(axes, one, colours, top)
        wrong = one.right is not None and one.right != one.said
        title = one.said + (f"  (right: {one.right})" if wrong else "")
        _write(axes, title, _GAP, top, 8, "#c02020" if wrong else "black")
        for look, patches in enumerate(one.patches):
            left = _TILE + 2 * _GAP + look * (_PATCH + _GAP)
            _write(axes, one.thoughts[look], left, top, 7, "black")
            for scale, patch in enumerate(patches):
                below = top + scale * (_PATCH + _GAP)
                _show(axes, patch, left, below, _PATCH, cmap="gray", vmin=0, vmax=1)
                axes.add_patch(_frame(left, below, _PATCH, colours[look], 2.0))
    save_figure(figure, path, _DPI)


def draw_looked_at(path: Path, classes: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]]) -> None:
    """Draws of each class the mean image, and over it how often each pixel lay in a glimpse.

    Args:
        path: Where to write it.
        classes: Name, mean image ``(C, C)``, and shares of the looks ``(C, C)``; only the first 20 are drawn.
    """
    classes = classes[:_MOST_CLASSES]
    across, down = min(len(classes), _ACROSS), -(-len(classes) // _ACROSS)
    height = _TILE + _TITLE + _GAP
    figure, axes = _page(across * (_TILE + _GAP) + _GAP, down * height + _GAP)
    most = max(float(shares.max()) for _, _, shares in classes) or 1.0
    for number, (name, mean, shares) in enumerate(classes):
        left, top = _GAP + number % across * (_TILE + _GAP), _GAP + _TITLE + number // across * height
        _show(axes, mean, left, top, _TILE, cmap="gray")
        _show(axes, shares, left, top, _TILE, cmap="inferno", vmin=0, vmax=most, alpha=0.6)
        _write(axes, f"{name}  (up to {100 * shares.max():.0f} %)", left, top, 8, "black")
    save_figure(figure, path, _DPI)


def covered(middles: NDArray[np.float64], width: int, size: int) -> NDArray[np.float64]:
    """How many glimpses cover each pixel ``(C, C)``.

    Args:
        middles: Their middles in pixels ``(K, 2)``: (x, y).
        width: Pixels of a side of a glimpse.
        size: C.
    """
    low = np.rint(middles - width / 2).astype(np.int64)
    first, past = low.clip(0, size), (low + width).clip(0, size)
    changes = np.zeros((size + 1, size + 1))
    for rows, row_sign in ((first, 1), (past, -1)):
        for columns, column_sign in ((first, 1), (past, -1)):
            np.add.at(changes, (rows[:, 1], columns[:, 0]), row_sign * column_sign)
    return changes.cumsum(0).cumsum(1)[:size, :size]


def _draw_path(axes: Axes, one: Seen, colours: Sequence[tuple[float, ...]], top: float) -> None:
    from matplotlib.patches import Rectangle

    _show(axes, one.pixels, _GAP, top, _TILE, cmap="gray", vmin=0, vmax=255)
    inches = _TILE / len(one.pixels)
    x, y = _GAP + one.middles[:, 0] * inches, top + one.middles[:, 1] * inches
    axes.plot(x, y, color="#40c0ff", linewidth=1)
    edge = Rectangle((_GAP, top), _TILE, _TILE, transform=axes.transData)
    for look in range(len(one.places)):
        left, above, width = (part * inches for part in one.corners(look, 0))
        frame = _frame(_GAP + left, top + above, width, colours[look], 1.2)
        axes.add_patch(frame)
        frame.set_clip_path(edge)
        axes.plot(x[look], y[look], marker="o", markersize=3, color=colours[look])


def _show(axes: Axes, pixels: NDArray[Any], left: float, top: float, side: float, **how: Any) -> None:
    axes.imshow(pixels, extent=(left, left + side, top + side, top), aspect="auto", **how)


def _write(axes: Axes, text: str, left: float, top: float, size: float, colour: str) -> None:
    axes.text(left, top - 0.04, text, fontsize=size, color=colour, parse_math=False)


def _frame(left: float, top: float, width: float, colour: tuple[float, ...], line: float) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((left, top), width, width, fill=False, edgecolor=colour, linewidth=line)


def _colours(looks: int) -> list[tuple[float, ...]]:
    """One for each look, from dark to light."""
    from matplotlib import colormaps

    return [tuple(colour) for colour in colormaps["plasma"](np.linspace(0.25, 0.95, looks))]


def _page(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of so many inches, and axes over all of it that count inches from the upper left corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return figure, axes

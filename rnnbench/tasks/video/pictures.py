"""Film strips: frames of a clip, and below them what is there and what a model says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.fonts import font_families
from rnnbench.tasks.base.pictures import save_figure
from rnnbench.tasks.video.metrics import Span, spans

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRIPS = "strips.png"
"""Name of the picture in a run folder."""

_FRAMES = 14
# Inches.
_FRAME, _BAND, _GAP, _TITLE, _MARGIN = 0.62, 0.16, 0.14, 0.2, 0.1
_DPI = 100
_FONT_SIZE = 8
# A band is named in it where it is at least so wide, in inches a letter.
_LETTER = 0.075
_BACKGROUND = "0.88"


class Strip(NamedTuple):
    """A clip with what is there and what was said: T frames."""

    frames: NDArray[np.uint8]
    """``(T, S, S, 3)``."""
    wanted: Sequence[Span]
    """What is there; where several classes may hold, these overlap."""
    given: Sequence[Span]
    """What a model says."""
    hidden: Sequence[bool]
    """Of each frame, whether what is asked for cannot be seen."""
    title: str


def draw_strips(
    path: Path, strips: Sequence[Strip], classes: Sequence[str], background: int | None, several: bool = False
) -> None:
    """Draws clips one below the other.

    Args:
        path: Where to write it; the extension says in which format, such as ``.png``.
        strips: The clips.
        classes: Names of the classes.
        background: The class that is drawn in grey.
        several: Whether several classes may hold at a frame: each then has its own line.

    Raises:
        UserError: The file cannot be written.
    """
    from matplotlib.figure import Figure

    width = _FRAMES * _FRAME + 2 * _MARGIN
    lines = len(classes) if several else 1
    tall = _BAND * lines
    each = _TITLE + _FRAME + 2 * tall + _GAP
    height = len(strips) * each + _MARGIN
    figure = Figure(figsize=(width, height))
    families, missing = font_families(set("".join([*classes, *(one.title for one in strips)])))
    style: dict[str, Any] = {"fontfamily": families, "fontsize": _FONT_SIZE, "parse_math": False}
    without = {ord(character): "□" for character in missing}

    def axes_at(row: int, top: float, size: float) -> Axes:
        bottom = height - (row * each + top + size)
        axes = figure.add_axes((_MARGIN / width, bottom / height, 1 - 2 * _MARGIN / width, size / height))
        axes.set_axis_off()
        return axes

    for row, one in enumerate(strips):
        count = len(one.frames)
        axes = axes_at(row, _TITLE, _FRAME)
        axes.set_title(one.title.translate(without), loc="left", pad=2, **style)
        chosen = np.linspace(0, count - 1, _FRAMES).round().astype(int)
        axes.imshow(np.concatenate(one.frames[chosen], axis=1), aspect="auto", interpolation="nearest")
        for place, found in enumerate((one.wanted, one.given)):
            band = axes_at(row, _TITLE + _FRAME + place * tall, tall)
            band.set(xlim=(0, count), ylim=(lines, 0))
            for label, first, end in found:
                line = label if several else 0
                colour = _colour(label, background)
                band.fill_between(
                    (first, end), line, line + 1, color=colour, linewidth=0, alpha=1 - 0.4 * place * several
                )
                name = classes[label]
                if (end - first) / count * _FRAMES * _FRAME >= _LETTER * len(name):
                    at = (first + end) / 2
                    band.text(at, line + 0.55, name.translate(without), ha="center", va="center", **style)
            if place == 0:
                for hidden, first, end in spans(list(map(int, one.hidden))):
                    if hidden:
                        band.plot((first, end), (0.05, 0.05), color="black", linewidth=2, solid_capstyle="butt")
    save_figure(figure, path, _DPI)


def _colour(label: int, background: int | None) -> object:
    from matplotlib import colormaps

    return _BACKGROUND if label == background else colormaps["Set2"](label % 8)

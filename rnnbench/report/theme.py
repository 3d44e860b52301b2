"""Colours and marks: each cell has one of each in all charts and tables of a report, told apart without colour, too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Points = tuple[tuple[float, float], ...]

# Around Okabe and Ito's and Tol's palettes for colour-blind readers: for paper and light screens, and for dark ones.
_LIGHT = ("0072b2", "d55e00", "00896b", "b8548a", "9a7400", "2f95d6", "4b3aa8", "882255", "7a5c3e", "00858a")
_DARK = ("4fb0f0", "ff8a4c", "2ecfa0", "f09cc8", "e0b43c", "8fd0ff", "a79bff", "e0709e", "c9a483", "4fd6d6")
_YARDSTICK = ("6b7280", "9aa3ae")

INK = "#1f2428"
MUTED = "#5c656e"
GRID = "#e3e6ea"
PAPER = "#fdfdfc"
"""Colours of the charts on paper; on the page each is a variable of the style sheet."""

_PAGE = {INK: "--ink", MUTED: "--muted", GRID: "--rule", PAPER: "--paper"}


def _polygon(corners: int, turn: float = 0.0, inner: float = 1.0) -> Points:
    """A regular polygon, or with ``inner`` < 1 a star, within the unit circle."""
    count = corners if inner == 1.0 else 2 * corners
    found = []
    for k in range(count):
        radius = inner if k % 2 and inner != 1.0 else 1.0
        angle = 2 * math.pi * (k / count + turn) + math.pi / 2
        found.append((round(radius * math.cos(angle), 3), round(radius * math.sin(angle), 3)))
    return tuple(found)


_ARM = ((0.33, 0.95), (0.33, 0.33), (0.95, 0.33))
_CROSS: Points = tuple(
    point for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1)) for point in [(a * x, b * y) for x, y in _ARM][:: a * b]
)
_SHAPES: tuple[Points, ...] = (
    _polygon(24),
    _polygon(4, 0.125),
    _polygon(3),
    _polygon(4),
    _polygon(3, 0.5),
    _CROSS,
    _polygon(5),
    _polygon(5, 0.0, 0.45),
    _polygon(6),
    _polygon(4, 0.0, 0.45),
)


@dataclass(frozen=True)
class Mark:
    """How a model is drawn.

    Args:
        name: Its name in the style sheet.
        colour: ``#rrggbb`` on paper.
        shape: Corners of its symbol, within the unit circle.
        dashes: Dashes of its lines, in points; nothing for a whole line.
    """

    name: str
    colour: str
    shape: Points
    dashes: tuple[float, ...] = ()


def marks(cells: Iterable[str], yardsticks: Iterable[str]) -> dict[str, Mark]:
    """A mark for each cell, and a grey one for each model without a cell.

    Args:
        cells: Names of the cells.
        yardsticks: Names of the other models.
    """
    found: dict[str, Mark] = {}
    for k, name in enumerate(sorted(set(yardsticks))):
        found[name] = Mark("y", f"#{_YARDSTICK[0]}", _SHAPES[k % len(_SHAPES)], (1.5, 1.5))
    size = len(_LIGHT)
    for k, name in enumerate(sorted(set(cells))):
        colour, lap = k % size, k // size
        # On every lap the shapes move on, so that no two cells share both.
        dashes = ((), (4.0, 1.5), (1.0, 1.0))[lap % 3]
        found[name] = Mark(f"s{colour}", f"#{_LIGHT[colour]}", _SHAPES[(colour + lap) % len(_SHAPES)], dashes)
    return found


def variables() -> Mapping[str, str]:
    """Colour on paper -> variable of the style sheet."""
    series = {f"#{colour}": f"--s{k}" for k, colour in enumerate(_LIGHT)}
    return {**_PAGE, **series, f"#{_YARDSTICK[0]}": "--y"}


def style_variables(dark: bool) -> str:
    """The colours of the series as declarations of a style sheet."""
    series, yardstick = (_DARK, _YARDSTICK[1]) if dark else (_LIGHT, _YARDSTICK[0])
    return "".join(f"--s{k}:#{colour};" for k, colour in enumerate(series)) + f"--y:#{yardstick};"


def symbol(mark: Mark) -> str:
    """The points of a mark as SVG wants them, in a box from -1.2 to 1.2."""
    return " ".join(f"{x:.2f},{-y:.2f}" for x, y in mark.shape)

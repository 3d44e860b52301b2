"""Pictures of scores, and of automata."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton
from rnnbench.tasks.base.pictures import new_figure, save_figure
from rnnbench.tasks.long_range.metrics import LengthScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Circle, FancyArrowPatch

BY_LENGTH = "by_length.png"
AUTOMATA = "automaton.png"
# How far an arc bends, and how far along it its label stands.
_BEND, _ALONG = 0.18, 0.28
Point = NDArray[np.float64]
_SHARES = ("accuracy", "sequence_accuracy", "state_accuracy")
_LINE = "#0072b2"
# One for each output (M. Okabe and K. Ito), pale enough for a name in it.
_FILLS = ("#ffffff", "#a6cee3", "#fdd49e", "#c7e9c0", "#dadaeb", "#fcbba1", "#d9d9d9", "#ffffb3", "#ccebc5", "#fde0dd")


def draw_by_length(
    path: Path, scores: Sequence[LengthScore], metrics: Sequence[str], trained: tuple[int, int] | None
) -> None:
    """Draws each metric over the length of the sequences.

    Args:
        path: The file to write.
        scores: The scores, length by length.
        metrics: Names of the metrics.
        trained: Shortest and longest length in training; None where lengths are no matter of choice.
    """
    figure = new_figure(3.6 * len(metrics), 2.9)
    lengths = [score.length for score in scores]
    for axes, name in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        if trained is not None:
            axes.axvspan(trained[0] - 0.5, trained[1] + 0.5, color="0.9", linewidth=0)
        values = [score.values[name] for score in scores]
        axes.plot(lengths, values, color=_LINE, marker="o", markersize=4)
        axes.set_title(name.replace("_", " "), loc="left", fontsize=9)
        axes.set_xlabel("length", fontsize=8)
        axes.set_ylim(0, 1.05 if name in _SHARES else (1.1 * max(values) or 1.0))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    save_figure(figure, path, dpi=110)


def draw_automata(path: Path, automata: Sequence[tuple[str, Automaton]]) -> None:
    """Draws automata side by side: states on a circle, coloured by their outputs, the initial one at the left.

    Args:
        path: The file to write.
        automata: Each with its title.
    """
    figure = new_figure(4.6 * len(automata), 5.0)
    for axes, (title, automaton) in zip(figure.subplots(1, len(automata), squeeze=False)[0], automata, strict=True):
        axes.set_title(title, loc="left", fontsize=9)
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-1.6, 1.6)
        axes.set_ylim(-1.6, 1.6)
        _draw_automaton(axes, automaton)
    outputs = automata[0][1].outputs
    handles = [_disc(np.zeros(2), 0.1, number) for number in range(len(outputs))]
    figure.legend(handles, outputs, loc="outside lower center", ncols=min(len(outputs), 8), frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)


def _draw_automaton(axes: Axes, automaton: Automaton) -> None:
    from matplotlib.patches import Arc

    count = len(automaton)
    angles = np.pi - 2 * np.pi * np.arange(count) / count
    middle = np.stack([np.cos(angles), np.sin(angles)], 1) * (1.0 if count > 1 else 0.0)
    radius = min(0.2, 1.9 / max(count, 1))
    labels: dict[tuple[int, int], list[str]] = {}
    for state, row in enumerate(automaton.next.tolist()):
        for symbol, to in zip(automaton.symbols, row, strict=True):
            labels.setdefault((state, to), []).append(symbol)
    for (start, end), symbols in labels.items():
        text = ",".join(symbols) if len(symbols) <= 4 else f"{symbols[0]},...,{symbols[-1]}"
        if start == end:
            out = middle[start] if count > 1 else np.array([0.0, 1.0])
            place = middle[start] + out * radius * 1.35
            axes.add_patch(Arc((place[0], place[1]), 1.7 * radius, 1.7 * radius, color="0.35", linewidth=0.9, zorder=0))
            _name(axes, middle[start] + out * radius * 2.9, text)
            continue
        # An arc between the rims, a parabola by its three points; its label stands beside it, near where it begins.
        way = middle[end] - middle[start]
        unit = way / np.hypot(*way)
        beside = np.array([unit[1], -unit[0]])
        tips = middle[start] + unit * radius, middle[end] - unit * radius
        axes.add_patch(_arrow(*tips, bend=_BEND))
        top = (tips[0] + tips[1]) / 2 + _BEND * np.hypot(*(tips[1] - tips[0])) * beside
        place = (1 - _ALONG) ** 2 * tips[0] + 2 * _ALONG * (1 - _ALONG) * top + _ALONG**2 * tips[1]
        _name(axes, place + 0.08 * beside, text)
    for state in range(count):
        axes.add_patch(_disc(middle[state], radius, int(automaton.output[state])))
        _name(axes, middle[state], automaton.names[state])
    # From below: to the left there may be a loop.
    below = np.array([-0.7, -0.7])
    axes.add_patch(_arrow(middle[0] + below * (radius + 0.3), middle[0] + below * radius, bend=0.0))


def _name(axes: Axes, place: Point, text: str) -> None:
    axes.text(place[0], place[1], text, ha="center", va="center", fontsize=8)


def _arrow(start: Point, end: Point, bend: float) -> FancyArrowPatch:
    from matplotlib.patches import FancyArrowPatch

    return FancyArrowPatch(
        (start[0], start[1]),
        (end[0], end[1]),
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        mutation_scale=10,
        color="0.35",
        linewidth=0.9,
        zorder=0,
    )


def _disc(middle: Point, radius: float, output: int) -> Circle:
    from matplotlib.patches import Circle

    color = _FILLS[output % len(_FILLS)]
    return Circle((middle[0], middle[1]), radius, facecolor=color, edgecolor="black", linewidth=0.9)

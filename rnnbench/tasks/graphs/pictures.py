"""Pictures of graphs: nodes in the plane, the edges of a node, eigenvectors of the Laplacian."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import new_figure, save_figure
from rnnbench.tasks.graphs.spectrum import Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NODES, EDGES, LAPLACIAN = "nodes.png", "edges.png", "laplacian.png"
# The colours of M. Okabe and K. Ito, then others.
_COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f", "#8c564b", "#17becf")
_NO_CLASS = "0.8"
_VECTORS = 3
_THIN = 0.1


def draw_nodes(path: Path, places: NDArray[np.float64], classes: NDArray[np.int64], names: Sequence[str]) -> None:
    """Draws nodes in the plane, coloured by class.

    Args:
        path: The file to write.
        places: ``(N, 2)``.
        classes: ``(N,)``; -1 for none.
        names: Names of the classes.
    """
    figure = new_figure(6.4, 4.8)
    axes = figure.subplots()
    size = 30 if len(places) < 500 else 8
    for number in [-1, *range(len(names))]:
        there = places[classes == number]
        if len(there):
            color = _NO_CLASS if number < 0 else _COLORS[number % len(_COLORS)]
            label = "not asked about" if number < 0 else names[number]
            axes.scatter(there[:, 0], there[:, 1], s=size, color=color, label=label, linewidths=0, alpha=0.8)
    axes.set_xlabel("first principal axis", fontsize=8)
    axes.set_ylabel("second principal axis", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)


def draw_edges(path: Path, title: str, middle: str, names: Sequence[str], values: Sequence[float]) -> None:
    """Draws a node amid its neighbours; the value of an edge is its width and its colour.

    Args:
        path: The file to write.
        title: What is seen.
        middle: Name of the node.
        names: Names of its neighbours.
        values: What each edge has.
    """
    figure = new_figure(4.8, 4.6)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=9)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-1.4, 1.4)
    axes.set_ylim(-1.4, 1.4)
    # Widths are shares of the largest value, but of no less than that.
    most = max([_THIN, *(abs(value) for value in values)])
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    for name, value, angle in zip(names, values, angles.tolist(), strict=True):
        x, y = float(np.cos(angle)), float(np.sin(angle))
        color = _COLORS[0] if value >= 0 else _COLORS[5]
        axes.plot([0, x], [0, y], color=color, linewidth=0.6 + 6 * abs(value) / most, alpha=0.7, zorder=0)
        _disc(axes, x, y, name)
        axes.text(0.55 * x, 0.55 * y, f"{value:.2f}", ha="center", va="center", fontsize=8, bbox=_PAPER)
    _disc(axes, 0.0, 0.0, middle)
    if not len(names):
        axes.text(0, -0.4, "no edge", ha="center", fontsize=8)
    save_figure(figure, path, dpi=110)


def draw_laplacian(path: Path, spectrum: Spectrum) -> None:
    """Draws the smallest eigenvalues, and the first eigenvectors after the constant one as colours of the nodes.

    Nodes stand where the second and third eigenvector put them.

    Args:
        path: The file to write.
        spectrum: Eigenvalues and eigenvectors.
    """
    count = min(_VECTORS, max(len(spectrum.values) - 1, 0))
    figure = new_figure(3.2 * (1 + count), 3.1)
    first, *others = figure.subplots(1, 1 + count, squeeze=False)[0]
    parts = "" if spectrum.parts == 1 else f",\nlargest of {spectrum.parts} parts"
    first.set_title(f"eigenvalues of the Laplacian{parts}", loc="left", fontsize=9)
    first.plot(np.arange(1, len(spectrum.values) + 1), spectrum.values, "o", color=_COLORS[0], markersize=4)
    first.set_xlabel("number", fontsize=8)
    first.set_ylim(bottom=-0.03 * max(float(spectrum.values.max()), 1e-6))
    first.tick_params(labelsize=8)
    first.spines[["top", "right"]].set_visible(False)
    places = spectrum.vectors[:, 1 : 1 + max(count, 1)]
    places = places[:, :2] if places.shape[1] > 1 else np.concatenate([places, np.zeros_like(places)], 1)
    size = 40 if len(places) < 100 else 6
    for number, axes in enumerate(others, start=1):
        _draw_vector(axes, spectrum, places, number, size)
    save_figure(figure, path, dpi=110)


def _draw_vector(axes: Axes, spectrum: Spectrum, places: NDArray[np.float64], number: int, size: int) -> None:
    from matplotlib.collections import LineCollection

    axes.set_title(f"eigenvector {number + 1}, eigenvalue {spectrum.values[number]:.3f}", loc="left", fontsize=9)
    segments = [[tuple(places[one]), tuple(places[other])] for one, other in spectrum.edges.tolist()]
    axes.add_collection(LineCollection(segments, colors="0.8", linewidths=0.5, zorder=0))
    values = spectrum.vectors[:, number]
    most = float(np.abs(values).max()) or 1.0
    axes.scatter(places[:, 0], places[:, 1], c=values, cmap="coolwarm", vmin=-most, vmax=most, s=size, linewidths=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


_PAPER = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}


def _disc(axes: Axes, x: float, y: float, name: str) -> None:
    paper = {"boxstyle": "circle,pad=0.3", "facecolor": "white", "edgecolor": "0.3"}
    axes.text(x, y, name, ha="center", va="center", fontsize=8, bbox=paper)

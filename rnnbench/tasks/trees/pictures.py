"""Trees coloured by what a model says at every node, and accuracy by depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.data.trees.tree import Tree
from rnnbench.tasks.base.fonts import font_families
from rnnbench.tasks.base.pictures import new_figure, save_figure
from rnnbench.tasks.trees.metrics import DepthScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TREES = "trees.png"
BY_DEPTH = "by_depth.png"
COLOURS = ("#e07100", "#0072de", "#009e60", "#c82896", "#6e50dc", "#968200", "#56b4e9", "#8c564b", "#7f7f7f", "#bcbd22")
"""One for each class, of which the first two are also negative and positive; told apart by colour-blind people, too."""

_LINE = "#0072b2"
# Inches: of a character, a word apart, a level, of what stands above and below a tree; and the widest picture.
_CHARACTER, _BETWEEN, _LEVEL, _AROUND = 0.085, 0.16, 0.34, 0.72
_MOST_INCHES = 80.0
_RADIUS = 0.13


@dataclass(frozen=True)
class NodeLook:
    """How a node is drawn.

    Args:
        text: What stands in it; short.
        colour: Number of its colour in `COLOURS`.
        strength: From 0 for white to 1 for the full colour.
        wanted: The right class, where it is known and another one.
    """

    text: str
    colour: int
    strength: float
    wanted: str | None = None


@dataclass(frozen=True)
class DrawnTree:
    """A tree to be drawn.

    Args:
        tree: The tree.
        nodes: The look of each node.
        title: What stands above it.
    """

    tree: Tree
    nodes: Sequence[NodeLook]
    title: str


def draw_trees(path: Path, trees: Sequence[DrawnTree], legend: Sequence[tuple[str, int]]) -> None:
    """Draws trees below each other, the words in their order at the bottom of each.

    Args:
        path: The file to write.
        trees: The trees, one at least.
        legend: Names of colours with their numbers.
    """
    places = [_columns(drawn.tree.words) for drawn in trees]
    width = max(4.2, *(end for _, end in places)) + 0.3
    heights = [max(drawn.tree.heights()) * _LEVEL + _AROUND for drawn in trees]
    # Of a sentence as long as a book the picture is small print, and still fits into memory.
    scale = min(1.0, _MOST_INCHES / max(width, sum(heights)))
    figure = new_figure(scale * width, scale * (sum(heights) + 0.3))
    grid = figure.subplots(len(trees), 1, squeeze=False, height_ratios=heights)
    words = {character for drawn in trees for word in drawn.tree.words for character in word}
    families, _ = font_families(words)
    for axes, drawn, (columns, _), height in zip(grid[:, 0], trees, places, heights, strict=True):
        axes.set_xlim(-0.1, width - 0.2)
        axes.set_ylim(_RADIUS - 0.42, height - 0.42 + _RADIUS)
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_anchor("W")
        _draw_tree(axes, drawn, columns, families)
    if legend:
        from matplotlib.patches import Patch

        across = max(1, int(width / (0.55 + _CHARACTER * max(len(name) for name, _ in legend))))
        patches = [Patch(facecolor=COLOURS[number % len(COLOURS)], alpha=0.75, label=name) for name, number in legend]
        figure.legend(handles=patches, loc="outside lower left", ncols=across, frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)


def draw_by_depth(path: Path, scores: Sequence[DepthScore], trained: tuple[int, int]) -> None:
    """Draws the accuracy over the depth of the trees.

    Args:
        path: The file to write.
        scores: The scores, depth by depth.
        trained: Least and greatest depth in training.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(4.2, 2.9)
    axes = figure.subplots()
    axes.axvspan(trained[0] - 0.5, trained[1] + 0.5, color="0.9", linewidth=0)
    axes.plot([one.depth for one in scores], [one.accuracy for one in scores], color=_LINE, marker="o", markersize=4)
    axes.set_title("accuracy", loc="left", fontsize=9)
    axes.set_xlabel("depth", fontsize=8)
    axes.set_ylim(0, 1.05)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    save_figure(figure, path, dpi=110)


def _columns(words: Sequence[str]) -> tuple[list[float], float]:
    """Where the middle of each word stands, in inches, and where the last one ends."""
    found, end = [], 0.0
    for word in words:
        width = max(len(word) * _CHARACTER, 2.2 * _RADIUS)
        found.append(end + width / 2)
        end += width + _BETWEEN
    return found, end


def _draw_tree(axes: Axes, drawn: DrawnTree, columns: Sequence[float], families: list[str]) -> None:
    from matplotlib.patches import Circle

    tree, heights, children = drawn.tree, drawn.tree.heights(), drawn.tree.children
    x = [0.0] * len(tree)
    for node in tree.bottom_up():
        own = tree.word_of[node]
        below = [x[child] for child in children[node]]
        x[node] = columns[own] if own >= 0 else (min(below) + max(below)) / 2
    y = [height * _LEVEL for height in heights]
    for node, parent in enumerate(tree.parents):
        if parent >= 0:
            # With a corner: slanting lines would cross those of other phrases.
            axes.plot([x[node], x[node], x[parent]], [y[node], y[parent], y[parent]], color="0.6", lw=0.8, zorder=0)
        if tree.word_of[node] >= 0 and heights[node] > 0:
            axes.plot([x[node]] * 2, [-0.14, y[node]], color="0.8", linewidth=0.6, linestyle=":", zorder=0)
    for node, look in enumerate(drawn.nodes):
        colour = _tint(look)
        axes.add_patch(Circle((x[node], y[node]), _RADIUS, facecolor=colour, edgecolor="0.2", linewidth=0.7))
        axes.text(x[node], y[node] - 0.005, look.text, ha="center", va="center", fontsize=6.5)
        if look.wanted is not None:
            axes.text(x[node] + _RADIUS, y[node] + _RADIUS, look.wanted, fontsize=5.5, color="#b00000", va="center")
    for middle, word in zip(columns, tree.words, strict=True):
        axes.text(middle, -_RADIUS - 0.04, word, ha="center", va="top", fontsize=8, family=families, parse_math=False)
    axes.set_title(drawn.title, loc="left", fontsize=9, parse_math=False)


def _tint(look: NodeLook) -> tuple[float, float, float]:
    """A colour between white and the class's own, on which black text stays readable."""
    from matplotlib.colors import to_rgb

    share = 0.75 * min(max(look.strength, 0.0), 1.0)
    red, green, blue = (1 - share * (1 - value) for value in to_rgb(COLOURS[look.colour % len(COLOURS)]))
    return red, green, blue

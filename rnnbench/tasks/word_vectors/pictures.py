"""Pictures of word vectors: words in the plane, cosines beside what people say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.fonts import font_families, tell_missing
from rnnbench.tasks.base.pictures import new_figure, save_figure

WORDS, SIMILARITIES = "words.png", "similarities.png"
_BLUE, _GREY = "#0072b2", "0.75"


class Map(NamedTuple):
    """Words in the plane."""

    title: str
    places: NDArray[np.float64]
    """``(N, 2)``."""


def draw_words(path: Path, words: Sequence[str], maps: Sequence[Map]) -> None:
    """Draws words where maps put them.

    Args:
        path: The file to write.
        words: The words ``(N,)``.
        maps: The maps, side by side.
    """
    figure = new_figure(5.6 * len(maps), 5.0)
    family, missing = font_families(set("".join(words)))
    if missing:
        tell_missing(missing, "boxes")
    boxes = {ord(character): "□" for character in missing}
    for axes, (title, places) in zip(figure.subplots(1, len(maps), squeeze=False)[0], maps, strict=True):
        axes.set_title(title, loc="left", fontsize=9)
        axes.scatter(places[:, 0], places[:, 1], s=6, color=_GREY, linewidths=0)
        for word, (x, y) in zip(words, places.tolist(), strict=True):
            axes.annotate(
                word.translate(boxes),
                (x, y),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                family=family,
                parse_math=False,
            )
        axes.margins(0.08)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=110)


def draw_similarities(path: Path, sets: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
    """Draws a point for each pair of words.

    Args:
        path: The file to write.
        sets: Of every set of pairs people's scores ``(N,)`` and cosines ``(N,)``.
    """
    shown = sets or {"no pairs": (np.empty(0), np.empty(0))}
    figure = new_figure(4.0 * len(shown), 3.6)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (name, (scores, cosines)) in zip(panels, shown.items(), strict=True):
        axes.set_title(f"{name}: {len(scores):,} pairs", loc="left", fontsize=9)
        levels = np.unique(scores)
        if 0 < len(levels) <= 12:
            axes.boxplot(
                [cosines[scores == level] for level in levels],
                tick_labels=[f"{level:g}" for level in levels],
                flierprops={"markersize": 2},
                medianprops={"color": _BLUE},
            )
        else:
            axes.scatter(scores, cosines, s=6, color=_BLUE, linewidths=0, alpha=0.6)
        axes.set_xlabel("similarity as it was said", fontsize=8)
        axes.set_ylabel("cosine", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path, dpi=110)

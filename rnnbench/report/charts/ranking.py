"""The rows of a ranking with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rnnbench.report.content import Section
from rnnbench.report.drawing import Canvas, Chart, chart, marker
from rnnbench.report.text import clean, decimals, listed, number, words
from rnnbench.report.theme import GRID, MUTED, PAPER, Mark
from rnnbench.results.metric import better

_MOST = 16
_ROW = 25
_MOST_ANCHORS = 3
# Behind a name, so that no line strikes it through.
_CLEAR = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.4}


def ranking(section: Section, marks: Mapping[str, Mark]) -> Chart | None:
    """Mean and 95 % interval of each row, every seed a dot; published values are lines.

    Args:
        section: The ranking.
        marks: How the models are drawn.
    """
    leading = section.leading
    rows = [(entry, mean) for entry in section.entries if (mean := section.mean(entry)) is not None]
    rows = [(entry, mean) for entry, mean in rows if math.isfinite(mean)][:_MOST]
    if leading is None or len(rows) < 2:
        return None
    places = decimals(mean for _, mean in rows)
    shown = [value for entry, mean in rows for value in (mean, *entry.seed_values)]
    anchors = [one for one in section.anchors if math.isfinite(one.value)]

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        for place, (entry, mean) in enumerate(rows):
            mark, summary = marks[entry.kind], entry.values[leading]
            axes.axhline(place, color=GRID, linewidth=0.7, zorder=0)
            text = f"{entry.label}: {number(mean, places)}"
            if summary.low is not None and summary.high is not None:
                axes.plot([summary.low, summary.high], [place, place], color=mark.colour, linewidth=2.2, zorder=2)
                text += f", 95% interval {number(summary.low, places)} to {number(summary.high, places)}"
            if len(entry.seed_values) > 1:
                dots = [value for value in entry.seed_values if math.isfinite(value)]
                axes.plot(dots, [place] * len(dots), "|", color=mark.colour, markersize=6, alpha=0.6, zorder=2)
            axes.plot(
                [mean], [place], marker=marker(mark), color=mark.colour, markersize=6.5, linewidth=0, zorder=3,
                gid=canvas.tip(entry.kind, clean(text)),
            )  # fmt: skip
            axes.text(
                0, place - 0.12, clean(entry.label, 46), transform=axes.get_yaxis_transform(), fontsize=8.5,
                va="bottom", bbox=_CLEAR,
            )  # fmt: skip
        low, high = min(shown), max(shown)
        room = (high - low or abs(high) or 1.0) * 0.06
        near = [one for one in anchors if low - 8 * room <= one.value <= high + 8 * room][:_MOST_ANCHORS]
        bounds = [low, high, *(one.value for one in near)]
        middle = (min(bounds) + max(bounds)) / 2
        for k, one in enumerate(sorted(near, key=lambda one: one.value)):
            axes.axvline(
                one.value, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1,
                gid=canvas.tip("", clean(f"{one.source}: {number(one.value, places)}")),
            )  # fmt: skip
            # One below the other: published values often lie close together.
            axes.text(
                one.value, len(rows) - 0.55 + 0.55 * k, clean(one.source, 24), fontsize=7.5, color=MUTED,
                ha="left" if one.value < middle else "right", va="top", bbox=_CLEAR,
            )  # fmt: skip
        axes.set_xlim(min(bounds) - room, max(bounds) + room)
        axes.set_ylim(len(rows) - 0.5 + 0.55 * len(near), -0.9)
        axes.grid(axis="y", visible=False)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel(f"{words(str(leading))} ({better(leading.metric) or 'direction not known'} is better)")

    return chart(
        f"{section.key}-ranking",
        f"{words(str(leading))}, the best first",
        _caption(section, [entry.label for entry, _ in rows], bool(anchors)),
        46 + _ROW * (len(rows) + 0.5 * min(len(anchors), _MOST_ANCHORS)),
        paint,
    )


def _caption(section: Section, names: list[str], has_anchors: bool) -> str:
    leading, first = section.leading, section.entries[0]
    parts = []
    tied = [entry.label for entry in section.entries[1:] if set(entry.letters) & set(first.letters)]
    if first.rank is None:
        parts.append(f"{first.label} has the best value; that is no rank, for which it takes three seeds.")
    elif tied:
        parts.append(f"{first.label} leads, and is not told apart from {listed(tied, 4)}.")
    else:
        parts.append(f"{first.label} is better than all others by more than the noise.")
    if leading and any(entry.values[leading].low is not None for entry in section.entries if leading in entry.values):
        parts.append("Bars: 95% intervals of the mean; ticks: the seeds.")
    if has_anchors:
        parts.append("Broken lines: published values.")
    if len(section.entries) > len(names):
        parts.append(f"The first {len(names)} of {len(section.entries)} rows.")
    return " ".join(parts)

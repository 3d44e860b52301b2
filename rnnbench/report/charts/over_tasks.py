"""Cells over several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnbench.report.drawing import Canvas, Chart, chart, marker
from rnnbench.report.overall import Overall
from rnnbench.report.text import clean, listed
from rnnbench.report.theme import GRID, INK, MUTED, Mark

_ROW = 24


def rank_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart:
    """Mean ranks, with bars over those that the critical difference does not part.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    count = len(found.cells)
    means = [rank.mean for rank in found.ranks]
    cliques = cliques_of(means, found.critical.distance) if found.critical else []

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        for place, (cell, rank) in enumerate(zip(found.cells, found.ranks, strict=True)):
            mark, text = marks[cell], f"{cell}: mean rank {rank.mean:.2f}"
            axes.axhline(place, color=GRID, linewidth=0.7, zorder=0)
            if rank.low is not None and rank.high is not None:
                axes.plot([rank.low, rank.high], [place, place], color=mark.colour, linewidth=2.2, zorder=2)
                text += f", 95% interval {rank.low:.2f} to {rank.high:.2f}"
            axes.plot(
                [rank.mean], [place], marker=marker(mark), color=mark.colour, markersize=6.5, zorder=3,
                gid=canvas.tip(cell, clean(text)),
            )  # fmt: skip
            axes.text(0, place - 0.1, clean(cell, 40), transform=axes.get_yaxis_transform(), fontsize=8.5, va="bottom")
        for k, (first, last) in enumerate(cliques):
            below = count + 0.1 + 0.38 * k
            axes.plot([means[first], means[last]], [below, below], color=INK, linewidth=3, solid_capstyle="butt")
        axes.set_xlim(0.8, count + 0.2)
        axes.set_ylim(count - 0.3 + (0.3 + 0.38 * len(cliques) if cliques else 0), -0.95)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xticks(range(1, count + 1))
        axes.set_xlabel(f"mean rank over {len(found.tasks)} tasks (1 is best)")

    parts = [f"{found.cells[0]} ranks best on average."]
    if found.ranks[0].low is not None:
        parts.append("Bars: 95% intervals of the bootstrap over the seeds of every task.")
    if found.critical:
        parts.append(
            f"Friedman's test that all cells are alike: p = {found.critical.p:.2g}. Black bars join cells whose mean "
            f"ranks are closer than the critical difference of {found.critical.distance:.2f} (Nemenyi)."
        )
    else:
        parts.append(
            f"Whether cells differ over all tasks is not tested: {len(found.tasks)} tasks are no sample of tasks."
        )
    height = 44 + _ROW * count + (8 + 0.38 * _ROW * len(cliques))
    return chart("tasks-ranks", "Mean rank over the tasks", " ".join(parts), height, paint)


def cliques_of(means: Sequence[float], distance: float) -> list[tuple[int, int]]:
    """The longest stretches of sorted mean ranks that are no further apart than a distance, of two or more.

    Args:
        means: Mean ranks, ascending.
        distance: The critical difference.

    Returns:
        First and last of each stretch.
    """
    found: list[tuple[int, int]] = []
    for first in range(len(means)):
        last = max(k for k in range(first, len(means)) if means[k] - means[first] <= distance)
        if last > first and not (found and found[-1][1] >= last):
            found.append((first, last))
    return found


def win_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart | None:
    """How probably a run of the best cell beats one of each other cell on the same task.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    if not found.wins:
        return None
    best, others = found.cells[0], found.cells[1:]

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        axes.axvline(0.5, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
        axes.axvspan(0.5, 1.0, color=GRID, alpha=0.35, linewidth=0)
        for place, (cell, win) in enumerate(zip(others, found.wins, strict=True)):
            mark = marks[cell]
            axes.axhline(place, color=GRID, linewidth=0.7, zorder=0)
            text = f"P({best} beats {cell}) = {win.value:.2f}, 95% interval {win.low:.2f} to {win.high:.2f}"
            axes.plot([win.low, win.high], [place, place], color=mark.colour, linewidth=2.2, zorder=2)
            axes.plot(
                [win.value], [place], marker=marker(mark), color=mark.colour, markersize=6.5, zorder=3,
                gid=canvas.tip(cell, clean(text)),
            )  # fmt: skip
            axes.text(0, place - 0.1, clean(cell, 40), transform=axes.get_yaxis_transform(), fontsize=8.5, va="bottom")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(len(others) - 0.5, -0.95)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(f"probability that {clean(best, 24)} is better")

    sure = [cell for cell, win in zip(others, found.wins, strict=True) if win.low > 0.5]
    seen = (
        f"The interval lies above one half against {listed(sure, 6)}." if sure else "No interval lies above one half."
    )
    caption = f"On the same task, with any two seeds; a tie counts half. {seen} Bars: 95% intervals over the seeds."
    return chart(
        "tasks-improvement", f"How probably {clean(best, 40)} is better", caption, 44 + _ROW * len(others), paint
    )

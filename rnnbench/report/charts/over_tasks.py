"""Cells over several tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnbench.report.drawing import Canvas, Chart, chart, dashes, marker
from rnnbench.report.overall import Overall
from rnnbench.report.text import clean, listed
from rnnbench.report.theme import GRID, INK, MUTED, Mark
from rnnbench.results.statistics.hierarchy import ROPE
from rnnbench.results.statistics.tasks import Estimate

_ROW = 24
_SCALE = "On each task 0 is chance (or the worst row, where chance is not known), and 1 the best cell."
_BARS = "Bars: 95% intervals over the seeds."
_AGREE = 1.05


def rank_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart | None:
    """Mean ranks, with bars over those that the critical difference does not part; of ten tasks or more.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    if found.critical is None:
        return None
    count = len(found.cells)
    means = [rank.mean for rank in found.ranks]
    cliques = cliques_of(means, found.critical.distance)

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
    parts.append(
        f"Friedman's test that all cells are alike: p = {found.critical.p:.2g}. Black bars join cells whose mean ranks "
        f"are closer than the critical difference of {found.critical.distance:.2f} (Nemenyi)."
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
            _interval(canvas, place, cell, marks[cell], win, f"P({best} beats {cell})")
        axes.set_xlim(-0.02, 1.02)
        _rows_only(canvas, len(others))
        axes.set_xlabel(f"probability that {clean(best, 24)} is better")

    sure = [cell for cell, win in zip(others, found.wins, strict=True) if win.low > 0.5]
    seen = (
        f"The interval lies above one half against {listed(sure, 6)}." if sure else "No interval lies above one half."
    )
    caption = f"On the same task, with any two seeds; a tie counts half. {seen} Bars: 95% intervals over the seeds."
    return chart(
        "tasks-improvement", f"How probably {clean(best, 40)} is better", caption, 44 + _ROW * len(others), paint
    )


def typical_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart | None:
    """Interquartile mean of each cell's scores.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    scores = found.scores
    if scores is None:
        return None

    def paint(canvas: Canvas) -> None:
        for place, (cell, one) in enumerate(zip(found.cells, scores.typical, strict=True)):
            _interval(canvas, place, cell, marks[cell], one, cell)
        _rows_only(canvas, len(found.cells))
        canvas.axes.set_xlabel("interquartile mean of the scores")

    caption = f"Mean of the middle half of all scores of all tasks and seeds. {_SCALE} {_BARS}"
    return chart("tasks-typical", "Typical score over the tasks", caption, 44 + _ROW * len(found.cells), paint)


def profile_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart | None:
    """The share of each cell's runs above every score.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    scores = found.scores
    if scores is None:
        return None

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        for cell, profile in zip(found.cells, scores.profiles, strict=True):
            mark, shares = marks[cell], [one.value for one in profile]
            low, high = [one.low for one in profile], [one.high for one in profile]
            axes.fill_between(scores.thresholds, low, high, color=mark.colour, alpha=0.12, linewidth=0)
            half = max((x for x, share in zip(scores.thresholds, shares, strict=True) if share >= 0.5), default=0.0)
            axes.plot(
                scores.thresholds, shares, color=mark.colour, linewidth=1.6, linestyle=dashes(mark),
                gid=canvas.tip(cell, clean(f"{cell}: half of the runs are above {half:.2f}")), label=clean(cell, 24),
            )  # fmt: skip
        axes.set_xlim(scores.thresholds[0], scores.thresholds[-1])
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("score")
        axes.set_ylabel("share of runs above it")
        axes.legend(fontsize=7.5, frameon=False, loc="lower left")

    caption = f"The higher a curve, the more runs are that good; tasks count alike. {_SCALE} Bands: 95% over the seeds."
    return chart("tasks-profiles", "Performance profiles", caption, 250, paint)


def effect_chart(found: Overall, marks: Mapping[str, Mark]) -> Chart | None:
    """For each cell the probability that it is worse than the reference, practically equal, or better.

    Args:
        found: The cells.
        marks: How they are drawn.
    """
    scores = found.scores
    if scores is None or scores.effects is None:
        return None
    reference = found.cells[scores.reference]
    shown = [
        (cell, effect)
        for place, (cell, effect) in enumerate(zip(found.cells, scores.effects.effects, strict=True))
        if place != scores.reference
    ]

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        for place, (cell, effect) in enumerate(shown):
            text = (
                f"{cell} less {reference}: {effect.difference:+.3f}, 95% interval {effect.low:+.3f} to "
                f"{effect.high:+.3f}; worse {effect.worse:.2f}, equal {effect.same:.2f}, better {effect.better:.2f}"
            )
            left = 0.0
            for share, colour in ((effect.worse, MUTED), (effect.same, GRID), (effect.better, marks[cell].colour)):
                axes.barh(
                    place, share, left=left, height=0.42, color=colour, linewidth=0, gid=canvas.tip(cell, clean(text))
                )
                left += share
            axes.text(0, place - 0.24, clean(cell, 40), transform=axes.get_yaxis_transform(), fontsize=8.5, va="bottom")
        axes.set_xlim(0, 1)
        _rows_only(canvas, len(shown))
        axes.set_xlabel(f"probability: worse than {clean(reference, 20)} | practically equal | better")

    caption = (
        "Of the mean difference over tasks, by a hierarchical model of cells on tasks; practically equal: by less than "
        f"{ROPE:g} of the way from chance to the best cell. A cell's advantage varies from task to task by "
        f"{scores.effects.between_tasks:.2g} (standard deviation). {_SCALE}"
    )
    if scores.effects.r_hat > _AGREE:
        caption += f" The chains do not agree (R-hat {scores.effects.r_hat:.2f}): do not trust this one."
    return chart("tasks-effects", f"Against {clean(reference, 40)}", caption, 44 + _ROW * len(shown), paint)


def _interval(canvas: Canvas, place: int, cell: str, mark: Mark, found: Estimate, what: str) -> None:
    """A row: the value with its interval, and the cell's name above."""
    axes = canvas.axes
    axes.axhline(place, color=GRID, linewidth=0.7, zorder=0)
    axes.plot([found.low, found.high], [place, place], color=mark.colour, linewidth=2.2, zorder=2)
    text = f"{what} = {found.value:.2f}, 95% interval {found.low:.2f} to {found.high:.2f}"
    axes.plot(
        [found.value], [place], marker=marker(mark), color=mark.colour, markersize=6.5, zorder=3,
        gid=canvas.tip(cell, clean(text)),
    )  # fmt: skip
    axes.text(0, place - 0.1, clean(cell, 40), transform=axes.get_yaxis_transform(), fontsize=8.5, va="bottom")


def _rows_only(canvas: Canvas, count: int) -> None:
    """Rows from top to bottom, whose names stand in the chart."""
    canvas.axes.set_ylim(count - 0.5, -0.95)
    canvas.axes.set_yticks([])
    canvas.axes.spines["left"].set_visible(False)

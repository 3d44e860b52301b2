"""Quality against what it costs, with the front of those that nothing beats in both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rnnbench.report.content import COSTS, Cost, Entry, Section
from rnnbench.report.drawing import Canvas, Chart, chart, marker
from rnnbench.report.text import clean, decimals, listed, number, short, words
from rnnbench.report.theme import MUTED, Mark
from rnnbench.results.metric import badness, better, metric_title

_MOST = 150
_NAMED = 6


class Point(NamedTuple):
    """A row, what it costs and how good it is."""

    entry: Entry
    cost: float
    value: float


def front(points: Sequence[Point], metric: str) -> list[Point]:
    """The points that no other one beats in cost and in value, the cheapest first (the Pareto front).

    Args:
        points: The points.
        metric: Says which way the value is better.
    """
    found: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, badness(metric, one.value))):
        if not found or badness(metric, point.value) < badness(metric, found[-1].value):
            found.append(point)
    return found


def cost_chart(section: Section, cost: Cost, marks: Mapping[str, Mark]) -> Chart | None:
    """The leading metric against a cost on a logarithmic scale; better is always up.

    Args:
        section: The ranking.
        cost: The cost.
        marks: How the models are drawn.
    """
    leading = section.leading
    if leading is None or better(leading.metric) is None:
        return None
    points = [
        Point(entry, entry.costs[cost], mean)
        for entry in section.entries
        if entry.costs.get(cost, 0) > 0 and (mean := section.mean(entry)) is not None and math.isfinite(mean)
    ]
    if len(points) < 3 or max(p.cost for p in points) < 1.1 * min(p.cost for p in points):
        return None
    best = front(points, leading.metric)
    drawn = list(dict.fromkeys([*best, *points[:_MOST]]))
    places = decimals(point.value for point in points)
    metric = words(metric_title(leading.metric))

    def paint(canvas: Canvas) -> None:
        axes = canvas.axes
        axes.set_xscale("log")
        axes.step([p.cost for p in best], [p.value for p in best], where="post", color=MUTED, linewidth=1.0, zorder=1)
        for point in drawn:
            mark = marks[point.entry.kind]
            text = f"{point.entry.label}: {number(point.value, places)}, {short(point.cost)} {COSTS[cost]}"
            axes.plot(
                [point.cost], [point.value], marker=marker(mark), color=mark.colour, markersize=6, linewidth=0,
                gid=canvas.tip(point.entry.kind, clean(text)), zorder=3 if point in best else 2,
                alpha=1.0 if point in best else 0.75,
            )  # fmt: skip
        _frame(canvas, drawn, leading.metric)
        _name(canvas, best[-_NAMED:])
        axes.set_xlabel(COSTS[cost])
        axes.set_ylabel(f"{metric}, better is up")

    beaten = len(points) - len(best)
    caption = f"On the front: {listed(clean(point.entry.label, 40) for point in best)}."
    if beaten:
        caption += f" Something is at once cheaper and no worse than each of the other {beaten}."
    if len(drawn) < len(points):
        caption += f" Drawn: {len(drawn)} of {len(points)}."
    return chart(f"{section.key}-{cost}", f"{metric} against {COSTS[cost]}", caption, 250, paint)


def _frame(canvas: Canvas, points: Sequence[Point], metric: str) -> None:
    """Room around the points, ticks that fit, and the better side up."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes = canvas.axes
    costs, values = [p.cost for p in points], [p.value for p in points]
    low, high = math.log10(min(costs)), math.log10(max(costs))
    room = 0.08 * (high - low)
    axes.set_xlim(10 ** (low - room), 10 ** (high + 2.2 * room))
    span = (max(values) - min(values)) or abs(max(values)) or 1.0
    bottom, top = min(values) - 0.1 * span, max(values) + 0.14 * span
    axes.set_ylim(*((top, min(values) - 0.14 * span) if better(metric) == "lower" else (bottom, top)))
    decades = high - low
    axes.xaxis.set_major_locator(
        LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0) if decades > 0.4 else range(1, 10))
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if decades < 0.4:
        axes.set_xscale("linear")
        axes.set_xlim(min(costs) - 0.08 * (max(costs) - min(costs)), max(costs) + 0.18 * (max(costs) - min(costs)))
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.locator_params(axis="y", nbins=6)


def _name(canvas: Canvas, points: Sequence[Point]) -> None:
    """Names above the points of the front; one that would lie on another is left out."""
    axes = canvas.axes
    taken: list[tuple[float, float]] = []
    for point in reversed(points):
        x, y = axes.transAxes.inverted().transform(axes.transData.transform((point.cost, point.value)))
        if any(abs(x - a) < 0.3 and abs(y - b) < 0.08 for a, b in taken):
            continue
        taken.append((x, y))
        axes.annotate(
            clean(point.entry.cell or point.entry.label, 20), (point.cost, point.value), xytext=(0, 6),
            textcoords="offset points", fontsize=8, ha="left" if x < 0.2 else "right" if x > 0.8 else "center",
        )  # fmt: skip

"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnbench.report.content import Section
from rnnbench.report.curves import Curve
from rnnbench.report.drawing import Canvas, Chart, chart, dashes
from rnnbench.report.text import clean, decimals, number, short, words
from rnnbench.report.theme import Mark
from rnnbench.results.metric import metric_title

_MORE_DASHES = ((5.0, 1.5), (2.0, 1.2), (6.0, 1.5, 1.0, 1.5))


def learning(section: Section, curves: Sequence[Curve], marks: Mapping[str, Mark], *, name: str) -> Chart | None:
    """A logged value over the steps of training, one line a row of the ranking.

    Args:
        section: The ranking.
        curves: The curves of its rows, the best row first.
        marks: How the models are drawn.
        name: What is drawn, as a run logs it, e.g. ``validation/perplexity``.
    """
    if not curves:
        return None
    places = decimals(value for curve in curves for value in curve.mean)
    split, _, metric = name.partition("/")
    title = words(f"{split} {metric_title(metric)}")

    def paint(canvas: Canvas) -> None:
        from matplotlib.ticker import FuncFormatter

        axes = canvas.axes
        for place, curve in reversed(list(enumerate(curves))):
            mark = marks[curve.kind]
            # Rows of one cell have its colour, and so need lines of several kinds.
            before = [one.kind for one in curves[:place]].count(curve.kind)
            line = dashes(mark) if before == 0 else (0, _MORE_DASHES[(before - 1) % len(_MORE_DASHES)])
            if curve.seeds > 1:
                axes.fill_between(curve.steps, curve.low, curve.high, color=mark.colour, alpha=0.15, linewidth=0)
            end = f"{curve.label}: {number(curve.mean[-1], places)} after {curve.steps[-1]:,} steps"
            axes.plot(
                curve.steps, curve.mean, color=mark.colour, linewidth=1.6, linestyle=line,
                gid=canvas.tip(curve.kind, clean(end)),
            )  # fmt: skip
        _limits(canvas, curves)
        _names(canvas, curves, marks)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        axes.locator_params(axis="x", nbins=5)
        axes.locator_params(axis="y", nbins=6)
        axes.set_xlabel("steps of training")
        axes.set_ylabel(title)

    several = any(curve.seeds > 1 for curve in curves)
    shown = len(curves)
    caption = "Mean over the seeds, and from the lowest to the highest." if several else "One seed each."
    if shown < len(section.entries):
        caption += f" Drawn: {shown} of {len(section.entries)} rows, the best that kept their curves."
    key = f"{section.key}-{'curves' if name.startswith('validation/') else 'loss'}"
    return chart(key, f"{title} while learning", caption, 250, paint)


def _limits(canvas: Canvas, curves: Sequence[Curve]) -> None:
    """The first values are often so bad that they would hide all others: the axis ends where most curves have come."""
    values = sorted(value for curve in curves for value in curve.mean)
    last = sorted(curve.mean[-1] for curve in curves)
    low, high = values[0], values[-1]
    inner = [values[len(values) // 10], values[-1 - len(values) // 10], last[0], last[-1]]
    span = (max(inner) - min(inner)) or abs(high) or 1.0
    low, high = max(low, min(inner) - span), min(high, max(inner) + span)
    canvas.axes.set_ylim(low - 0.05 * (high - low or 1.0), high + 0.05 * (high - low or 1.0))
    canvas.axes.set_xlim(0, max(curve.steps[-1] for curve in curves) * 1.0)


def _names(canvas: Canvas, curves: Sequence[Curve], marks: Mapping[str, Mark]) -> None:
    """Names at the right ends of the lines, moved apart where they would touch."""
    axes = canvas.axes
    low, high = axes.get_ylim()
    seen = [curve for curve in curves if low <= curve.mean[-1] <= high]
    ends = sorted((((curve.mean[-1] - low) / (high - low), curve) for curve in seen), key=lambda end: end[0])
    gap = 0.062
    places: list[float] = []
    for wanted, _ in ends:
        places.append(max(wanted, places[-1] + gap) if places else max(wanted, 0.0))
    over = places[-1] - 1.0 if places else 0.0
    for k in range(len(places) - 1, -1, -1):
        limit = 1.0 if k == len(places) - 1 else places[k + 1] - gap
        places[k] = min(places[k], limit) if over > 0 else places[k]
    for place, (_, curve) in zip(places, ends, strict=True):
        axes.text(
            1.02, place, clean(curve.name, 18), transform=axes.transAxes, fontsize=8, va="center",
            color=marks[curve.kind].colour,
        )  # fmt: skip

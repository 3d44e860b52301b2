"""Quality over the learning rate."""

from __future__ import annotations

from collections.abc import Mapping

from rnnbench.report.content import Section
from rnnbench.report.drawing import Canvas, Chart, chart, dashes, marker
from rnnbench.report.sensitivity import Sensitivity
from rnnbench.report.text import clean, decimals, listed, number, words
from rnnbench.report.theme import Mark
from rnnbench.results.metric import metric_title


def sensitivity(section: Section, found: Sensitivity | None, marks: Mapping[str, Mark]) -> Chart | None:
    """A metric over the learning rate, one line a cell.

    Args:
        section: The ranking.
        found: Its models with their rates and values.
        marks: How they are drawn.
    """
    if found is None:
        return None
    places = decimals(value for curve in found.curves for value in curve.values)

    def paint(canvas: Canvas) -> None:
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes = canvas.axes
        axes.set_xscale("log")
        for curve in found.curves:
            mark = marks[curve.kind]
            best = found.best(curve)
            text = f"{curve.kind}: best {number(curve.values[best], places)} at {curve.rates[best]:g}"
            axes.plot(
                curve.rates, curve.values, color=mark.colour, marker=marker(mark), markersize=5.5, linewidth=1.3,
                linestyle=dashes(mark), gid=canvas.tip(curve.kind, clean(text)),
            )  # fmt: skip
        rates = sorted({rate for curve in found.curves for rate in curve.rates})
        axes.xaxis.set_major_locator(FixedLocator(rates if len(rates) <= 7 else rates[:: -(-len(rates) // 7)]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        if found.lower:
            axes.invert_yaxis()
        axes.set_xlabel("learning rate")
        axes.set_ylabel(f"{words(metric_title(found.column.metric))}, better is up")

    rates: dict[float, list[str]] = {}
    for curve in found.curves:
        rates.setdefault(curve.rates[found.best(curve)], []).append(curve.kind)
    told = "; ".join(f"{rate:g} for {listed(map(clean, names), 6)}" for rate, names in sorted(rates.items()))
    title = f"{words(str(found.column))} over the learning rate"
    return chart(f"{section.key}-rate", title, f"{found.source} Best rate: {told}.".strip(), 250, paint)

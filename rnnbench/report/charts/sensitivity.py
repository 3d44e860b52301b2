"""Quality over the learning rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnbench.report.content import Section
from rnnbench.report.drawing import Canvas, Chart, chart, dashes, marker
from rnnbench.report.sensitivity import Sensitivity
from rnnbench.report.text import clean, decimals, listed, number, words
from rnnbench.report.theme import Mark
from rnnbench.results.metric import BETTER, badness


def sensitivity(section: Section, models: Sequence[Sensitivity], marks: Mapping[str, Mark]) -> Chart | None:
    """The leading metric over the learning rate, one line a cell.

    Args:
        section: The ranking.
        models: Models with their rates and values.
        marks: How they are drawn.
    """
    leading = section.leading
    if leading is None or leading.metric not in BETTER or not models:
        return None
    places = decimals(value for model in models for value in model.values)

    def paint(canvas: Canvas) -> None:
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes = canvas.axes
        axes.set_xscale("log")
        for model in models:
            mark = marks[model.kind]
            best = min(range(len(model.rates)), key=lambda k: badness(leading.metric, model.values[k]))
            text = f"{model.label}: best {number(model.values[best], places)} at {model.rates[best]:g}"
            axes.plot(
                model.rates, model.values, color=mark.colour, marker=marker(mark), markersize=5.5, linewidth=1.3,
                linestyle=dashes(mark), gid=canvas.tip(model.kind, clean(text)),
            )  # fmt: skip
        rates = sorted({rate for model in models for rate in model.rates})
        axes.xaxis.set_major_locator(FixedLocator(rates if len(rates) <= 7 else rates[:: -(-len(rates) // 7)]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        if BETTER[leading.metric] == "lower":
            axes.invert_yaxis()
        axes.set_xlabel("learning rate")
        axes.set_ylabel(f"{words(leading.metric)}, better is up")

    rates: dict[float, list[str]] = {}
    for model in models:
        best = min(range(len(model.rates)), key=lambda k: badness(leading.metric, model.values[k]))
        rates.setdefault(model.rates[best], []).append(model.label)
    told = "; ".join(f"{rate:g} for {listed(map(clean, names), 6)}" for rate, names in sorted(rates.items()))
    return chart(
        f"{section.key}-rate", f"{words(str(leading))} over the learning rate", f"Best rate: {told}.", 250, paint
    )

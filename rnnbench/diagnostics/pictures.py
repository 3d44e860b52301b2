"""Pictures of a diagnosis."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rnnbench.diagnostics.gates import BINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rnnbench.diagnostics.diagnosis import Diagnosis

_LINE, _OTHER, _THIRD, _GREY = "#0072b2", "#d55e00", "#00896b", "#5c656e"
_ACROSS = 3
_LEGEND = 5.2
"""Inches that the legend of `draw_flow` takes: one panel alone is narrower."""
_MOST_GATES = 6
_LOWEST, _HIGHEST = 1e-12, 1e12
"""Norms beyond these are off the picture: nothing is left of them, or everything has exploded."""


_GROUPS = {
    "gradient, factor a step back": ("growth", "exp_lyapunov"),
    "recurrent matrices": ("radius", "norm"),
    "gates": ("mean", "limits"),
}
"""Panels of the picture over training, each with how its values' names start."""


def draw_flow(found: Sequence[Diagnosis]) -> bytes:
    """Norms of gradients over the lag, a panel for each cell, as a PNG file.

    The line is the median over the sequences, the band from the lowest to the highest; dashed what the linearised cell
    would do, dotted what the largest Lyapunov exponent says.

    Args:
        found: At least one.
    """
    across = min(_ACROSS, len(found))
    down = -(-len(found) // across)
    figure = _figure(max(3.6 * across + 0.4, _LEGEND), 2.6 * down + 0.5)
    panels = list(figure.subplots(down, across, squeeze=False, sharey=True).flat)
    for axes, one in zip(panels, found, strict=False):
        curve_of(axes, one, _LINE)
        axes.set_title(f"{one.name} ({one.cell})", loc="left", fontsize=9)
        axes.set_xlabel("lag, steps", fontsize=8)
    for axes in panels[len(found) :]:
        axes.remove()
    for axes in figure.axes[::across]:
        axes.set_ylabel("gradient, lag 1 = 1", fontsize=8)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8)
    return _png(figure)


def curve_of(axes: Axes, one: Diagnosis, colour: str, label: str = "median, range") -> None:
    """Draws one cell's gradient over the lag, with what theory says of it.

    Args:
        axes: Where; its vertical axis becomes logarithmic.
        one: The cell.
        colour: Colour of the line.
        label: What the legend calls it.
    """
    curve = one.flow.summary()
    lags = range(1, len(curve["median"]) + 1)
    shown = {name: [_within(value) for value in values] for name, values in curve.items()}
    axes.fill_between(lags, shown["lowest"], shown["highest"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(lags, shown["median"], color=colour, linewidth=1.5, label=label)
    predicted = [one.predicted(lag) for lag in lags]
    for name, style, words in (
        ("linearised", "--", "linearised at rest"),
        ("exponent", ":", "Lyapunov exponent"),
    ):
        values = [_within(row[name]) for row in predicted if row[name] is not None]
        if values:
            axes.plot(lags, values, color=_GREY, linewidth=1.0, linestyle=style, label=words)
    axes.set_yscale("log")
    _tidy(axes)


def draw_gates(found: Sequence[Diagnosis]) -> bytes | None:
    """Histograms of gates and activations, a row for each cell, as a PNG file; None where no cell has any.

    Args:
        found: At least one.
    """
    rows = [one for one in found if one.gates]
    if not rows:
        return None
    across = min(_MOST_GATES, max(len(one.gates) for one in rows))
    figure = _figure(1.9 * across + 0.6, 1.9 * len(rows) + 0.3)
    panels = figure.subplots(len(rows), across, squeeze=False)
    for line, one in zip(panels, rows, strict=True):
        for axes, gate in zip(line, one.gates, strict=False):
            low = -1.0 if gate.name.startswith("tanh") else 0.0
            width = (1.0 - low) / BINS
            centres = [low + width * (k + 0.5) for k in range(BINS)]
            colour = _LINE if gate.keeps is None else _OTHER
            axes.bar(centres, gate.histogram, width=width, color=colour)
            what = "" if gate.keeps is None else f", keeps leaf {gate.keeps}"
            axes.set_title(f"{gate.name}{what}", loc="left", fontsize=8)
            axes.set_xlabel(f"at its limits: {gate.low + gate.high:.0%}", fontsize=7)
            axes.set_yticks([])
            _tidy(axes)
        for axes in line[len(one.gates) :]:
            axes.remove()
        line[0].set_ylabel(f"{one.name}\n({one.cell})", fontsize=8)
    return _png(figure)


def draw_memory(found: Sequence[Diagnosis]) -> bytes | None:
    """Half-lives of units, singular values of products of Jacobians and the bias of truncation, as a PNG file.

    Args:
        found: At least one.

    Returns:
        None where there is nothing of it.
    """
    rows = [one for one in found if one.spectrum is not None or one.truncation]
    if not rows:
        return None
    figure = _figure(10.0, 2.4 * len(rows) + 0.3)
    panels = figure.subplots(len(rows), 3, squeeze=False)
    for (left, middle, right), one in zip(panels, rows, strict=True):
        left.set_ylabel(f"{one.name}\n({one.cell})", fontsize=8)
        _draw_half_lives(left, one)
        _draw_singular_values(middle, one)
        _draw_truncation(right, one)
        for axes in (left, middle, right):
            _tidy(axes)
    return _png(figure)


def draw_heads(found: Sequence[Diagnosis]) -> bytes | None:
    """Weights of the heads of memories over time, a row for each cell that has one, as a PNG file.

    Args:
        found: At least one.

    Returns:
        None where no cell has a memory.
    """
    rows = [one for one in found if one.heads]
    if not rows:
        return None
    across = max(len(one.heads) for one in rows)
    figure = _figure(4.2 * across + 0.6, 2.8 * len(rows) + 0.3)
    panels = figure.subplots(len(rows), across, squeeze=False)
    for line, one in zip(panels, rows, strict=True):
        for axes, (name, weights) in zip(line, one.heads.items(), strict=False):
            axes.imshow(weights.T.numpy(), aspect="auto", cmap="Greys", vmin=0, interpolation="nearest")
            axes.set_title(name, loc="left", fontsize=8)
            axes.set_xlabel("step", fontsize=7)
            axes.tick_params(labelsize=7)
        for axes in line[len(one.heads) :]:
            axes.remove()
        line[0].set_ylabel(f"{one.name}\n({one.cell}), location", fontsize=8)
    return _png(figure)


def draw_training(histories: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]) -> bytes:
    """How gradient flow and recurrent matrices changed in training, a row for each cell, as a PNG file.

    Args:
        histories: For each cell, for each value by name, pairs of a step of training and the value.
    """
    figure = _figure(12.0, 2.4 * len(histories) + 0.3)
    panels = figure.subplots(len(histories), 3, squeeze=False)
    for line, (name, values) in zip(panels, histories.items(), strict=True):
        for axes, (title, wanted) in zip(line, _GROUPS.items(), strict=True):
            for label, points in values.items():
                if label.startswith(wanted):
                    steps, heights = zip(*points, strict=True)
                    axes.plot(steps, heights, linewidth=1.2, marker=".", markersize=3, label=label)
            axes.set_title(title, loc="left", fontsize=8)
            axes.set_xlabel("steps of training", fontsize=7)
            if axes.lines:
                axes.legend(frameon=False, fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5))
            _tidy(axes)
        line[0].set_ylabel(name, fontsize=8)
    return _png(figure)


def _draw_half_lives(axes: Axes, one: Diagnosis) -> None:
    axes.set_title("half-life of each unit, steps", loc="left", fontsize=8)
    if one.spectrum is None:
        _absent(axes, "the state is too large")
        return
    most = 1.0
    for leaf, lives in enumerate(one.spectrum.half_lives):
        colour = (_LINE, _OTHER, _THIRD)[leaf] if leaf < 3 else _GREY
        longest = sorted((min(life, one.steps) for life in lives), reverse=True)
        most = max(most, *longest)
        axes.step(range(len(longest)), longest, where="mid", color=colour, linewidth=1.3, label=f"leaf {leaf}")
    axes.axhline(one.steps, color=_GREY, linewidth=0.8, linestyle=":")
    axes.set_ylim(0, most * 1.15)
    axes.set_xlabel("unit, longest first (dotted: length of the sequence)", fontsize=7)
    if 1 < len(one.spectrum.half_lives) <= 3:
        axes.legend(frameon=False, fontsize=7)


def _draw_singular_values(axes: Axes, one: Diagnosis) -> None:
    axes.set_title("singular values of n steps", loc="left", fontsize=8)
    if one.spectrum is None:
        _absent(axes, "the state is too large")
        return
    lengths = list(one.spectrum.singular_values)
    for number, steps in enumerate(lengths):
        logs = one.spectrum.singular_values[steps]
        values = [math.exp(log) if log > math.log(_LOWEST) else math.nan for log in logs if log < math.log(_HIGHEST)]
        shade = 0.85 - 0.75 * number / max(len(lengths) - 1, 1)
        label = f"n = {steps}" if steps in (lengths[0], lengths[len(lengths) // 2], lengths[-1]) else None
        axes.plot(range(1, len(values) + 1), values, color=str(shade), linewidth=1.2, label=label)
    axes.axhline(1.0, color=_OTHER, linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xlabel("number of the value", fontsize=7)
    axes.legend(frameon=False, fontsize=7)


def _draw_truncation(axes: Axes, one: Diagnosis) -> None:
    axes.set_title("truncated backpropagation", loc="left", fontsize=8)
    if not one.truncation:
        _absent(axes, "no gradient, or one step")
        return
    lengths = [row.length for row in one.truncation]
    axes.plot(lengths, [row.bias for row in one.truncation], color=_LINE, marker="o", markersize=3, label="bias")
    axes.plot(lengths, [row.cosine for row in one.truncation], color=_OTHER, marker="s", markersize=3, label="cosine")
    axes.set_xscale("log", base=2)
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.set_ylim(min(0.0, *(row.cosine for row in one.truncation)), None)
    axes.set_xlabel("steps of a chunk", fontsize=7)
    axes.legend(frameon=False, fontsize=7)


def _absent(axes: Axes, why: str) -> None:
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=_GREY, fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])


def _within(value: float | None) -> float:
    """The value, or a gap in the line."""
    return value if value is not None and _LOWEST < value < _HIGHEST else math.nan


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()

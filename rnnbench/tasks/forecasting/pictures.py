"""Pictures of forecasts: past, truth, forecast and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORECASTS = "forecasts.png"
BY_STEP = "by_step.png"
_PAST, _TRUTH, _FORECAST = "0.35", "black", "#0072b2"


@dataclass(frozen=True)
class Drawn:
    """One window, as it is drawn.

    Args:
        title: What stands above it.
        times: Of past and future ``(L + H,)``: stamps, or numbers of steps.
        past: Values ``(L,)``.
        point: The forecast ``(H,)``.
        bands: For the percentage of each interval, its lower and upper ends ``(H,)``; wide ones first.
        truth: How it went on ``(H,)``, where that is known.
    """

    title: str
    times: Any
    past: NDArray[np.float64]
    point: NDArray[np.float64]
    bands: dict[float, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(default_factory=dict)
    truth: NDArray[np.float64] | None = None


def draw_forecasts(path: Path, windows: Sequence[Drawn], across: int = 1) -> None:
    """Draws windows, row by row.

    Args:
        path: The file to write; its extension tells the kind.
        windows: At least one.
        across: How many stand side by side.

    Raises:
        UserError: The file cannot be written.
    """
    down = -(-len(windows) // across)
    wide = 9.0 if across == 1 else 4.2 * across
    figure = new_figure(wide, (3.4 if across == 1 else 2.3) * down + 0.4)
    for number, one in enumerate(windows):
        axes = figure.add_subplot(down, across, number + 1)
        _draw(axes, one, ticks=7 if across == 1 else 4)
    # One legend for all: every window has the same parts.
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)


def draw_by_step(path: Path, errors: Sequence[float], horizon: int) -> None:
    """Draws the mean absolute error over the steps ahead.

    Args:
        path: The file to write.
        errors: Of each of P equal parts of the horizon.
        horizon: Number H of steps.
    """
    figure = new_figure(5.5, 3.2)
    axes = figure.add_subplot()
    ends = np.cumsum([len(part) for part in np.array_split(np.arange(horizon), len(errors))])
    axes.plot(ends, errors, color=_FORECAST, marker="o", markersize=4)
    axes.set_ylim(0, 1.08 * max(errors, default=1.0) or 1.0)
    axes.set_xlabel("steps ahead, up to")
    axes.set_ylabel("mean absolute error")
    _tidy(axes)
    save_figure(figure, path, dpi=110)


def _draw(axes: Axes, one: Drawn, ticks: int) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    context = len(one.past)
    before, after = one.times[:context], one.times[context:]
    # The forecast begins where the past ends, so that no gap is seen between them.
    joint = np.concatenate([[one.past[-1]], one.point])
    axes.plot(before, one.past, color=_PAST, linewidth=1, label="past")
    shades = np.linspace(0.15, 0.35, max(len(one.bands), 1))
    for shade, (share, (low, high)) in zip(shades, one.bands.items(), strict=False):
        axes.fill_between(after, low, high, color=_FORECAST, alpha=float(shade), linewidth=0, label=f"{share:g} %")
    if one.truth is not None:
        axes.plot(after, one.truth, color=_TRUTH, linewidth=1, label="truth")
    axes.plot(one.times[context - 1 :], joint, color=_FORECAST, linewidth=1.4, label="forecast")
    axes.set_title(one.title, loc="left", fontsize=9)
    if hasattr(one.times, "tz"):
        locator = AutoDateLocator(minticks=2, maxticks=ticks)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.xaxis.get_offset_text().set_fontsize(8)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
    _tidy(axes)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.margins(x=0.01)

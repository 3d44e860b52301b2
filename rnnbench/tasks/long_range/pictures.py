"""Pictures of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnnbench.tasks.base.pictures import save_figure
from rnnbench.tasks.long_range.metrics import LengthScore

BY_LENGTH = "by_length.png"
_SHARES = ("accuracy", "sequence_accuracy", "state_accuracy")
_LINE = "#0072b2"


def draw_by_length(
    path: Path, scores: Sequence[LengthScore], metrics: Sequence[str], trained: tuple[int, int] | None
) -> None:
    """Draws each metric over the length of the sequences.

    Args:
        path: The file to write.
        scores: The scores, length by length.
        metrics: Names of the metrics.
        trained: Shortest and longest length in training; None where lengths are no matter of choice.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(metrics), 2.9), layout="constrained")
    FigureCanvasAgg(figure)
    lengths = [score.length for score in scores]
    for axes, name in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        if trained is not None:
            axes.axvspan(trained[0] - 0.5, trained[1] + 0.5, color="0.9", linewidth=0)
        values = [score.values[name] for score in scores]
        axes.plot(lengths, values, color=_LINE, marker="o", markersize=4)
        axes.set_title(name.replace("_", " "), loc="left", fontsize=9)
        axes.set_xlabel("length", fontsize=8)
        axes.set_ylim(0, 1.05 if name in _SHARES else (1.1 * max(values) or 1.0))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    save_figure(figure, path, dpi=110)

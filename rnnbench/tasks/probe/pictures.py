"""A unit's values by class, and accuracy against the number of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnbench.tasks.base.pictures import new_figure, save_figure

UNIT = "unit.png"
BY_LABELS = "labels.png"
# Those of the coloured texts.
_COLOURS = ("#e07100", "#0072de")
_BINS = 60


def draw_unit(
    path: Path, values: NDArray[np.float64], classes: NDArray[np.int64], names: Sequence[str], unit: int, edge: float
) -> None:
    """Draws how often a unit has which value after texts of each class.

    Args:
        path: The file to write.
        values: Of each text ``(N,)``.
        classes: Class of each text ``(N,)``: 0 or 1.
        names: Names of the classes.
        unit: Number of the unit.
        edge: Where the classes are told apart.
    """
    figure = new_figure(5.4, 3.0)
    axes = figure.subplots()
    # All but what is far out, which would press the rest together.
    low, high = np.quantile(values, [0.001, 0.999])
    bins = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    for number, (name, colour) in enumerate(zip(names, _COLOURS, strict=True)):
        axes.hist(values[classes == number].clip(low, high), bins=bins.tolist(), color=colour, alpha=0.6, label=name)
    axes.axvline(edge, color="0.2", linewidth=1, linestyle="--", label="threshold")
    axes.set_xlabel(f"unit {unit} after a text", fontsize=8)
    axes.set_ylabel("texts", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)


def draw_by_labels(path: Path, labels: Sequence[int], accuracies: Sequence[float], by_unit: float) -> None:
    """Draws accuracy against the number of labels: every draw, and the mean of each number.

    Args:
        path: The file to write.
        labels: Number of labels of each classifier.
        accuracies: Their accuracies.
        by_unit: Accuracy of the best unit by itself.
    """
    figure = new_figure(5.4, 3.0)
    axes = figure.subplots()
    axes.plot(labels, accuracies, ".", color="#0072b2", alpha=0.4, markersize=5)
    sizes = sorted(set(labels))
    means = [np.mean([right for size, right in zip(labels, accuracies, strict=True) if size == one]) for one in sizes]
    axes.plot(sizes, means, color="#0072b2", marker="o", markersize=4, label="all units")
    axes.axhline(by_unit, color="0.2", linewidth=1, linestyle="--", label="best unit alone, all labels")
    axes.set_xscale("log")
    axes.set_xlabel("labels", fontsize=8)
    axes.set_ylabel("accuracy", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, path, dpi=110)

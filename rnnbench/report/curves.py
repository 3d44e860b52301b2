"""The curves that runs leave in ``metrics.csv``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.report.content import Entry
from rnnbench.results.curve import CURVES_FILE, read_curve

_MOST_POINTS = 80


@dataclass(frozen=True)
class Curve:
    """A logged value over the steps of training, as mean over the seeds.

    Args:
        label: The row of the ranking.
        name: What stands at the end of the line.
        kind: What it is drawn as.
        steps: The steps, ascending.
        mean: Means over the seeds.
        low: The lowest values.
        high: The highest ones.
        seeds: How many seeds there are.
    """

    label: str
    name: str
    kind: str
    steps: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    seeds: int


def curves(entries: Sequence[Entry], column: str, most: int) -> list[Curve]:
    """The curves of the first rows that kept them.

    Args:
        entries: Rows of a ranking.
        column: What to draw, as a run logs it.
        most: Most curves.
    """
    found: list[Curve] = []
    kinds = [entry.kind for entry in entries]
    for entry in entries:
        runs = [read_curve(source.folder / CURVES_FILE, column) for source in entry.sources if source.folder]
        runs = [run for run in runs if len(run) > 1]
        if not runs:
            continue
        # Only steps at which every seed was measured: else the mean would jump where one is missing.
        steps = sorted(set.intersection(*(set(run) for run in runs)))
        steps = _thin(steps)
        if len(steps) < 2:
            continue
        values = [[run[step] for run in runs] for step in steps]
        name = entry.kind if kinds.count(entry.kind) == 1 else _short(entry.label)
        mean = [math.fsum(some) / len(some) for some in values]
        low, high = [min(some) for some in values], [max(some) for some in values]
        found.append(Curve(entry.label, name, entry.kind, steps, mean, low, high, len(runs)))
        if len(found) == most:
            break
    return found


def best_after(folders: Sequence[Path], column: str, lower: bool, limits: Sequence[int]) -> dict[int, float]:
    """The best value that runs had measured after so many seconds of training, as mean over the runs.

    Args:
        folders: Folders of runs that are seeds of one row.
        column: What was measured, as a run logs it.
        lower: Whether lower is better.
        limits: Seconds.

    Returns:
        Seconds -> value; no entry where a run had measured nothing yet, or was over before.
    """
    found: dict[int, list[float]] = {limit: [] for limit in limits}
    for folder in folders:
        values, clock = read_curve(folder / CURVES_FILE, column), read_curve(folder / CURVES_FILE, "seconds")
        end = max(clock.values(), default=0.0)
        for limit in limits:
            until = [value for step, value in values.items() if clock.get(step, math.inf) <= limit]
            if until and limit <= end:
                found[limit].append(min(until) if lower else max(until))
    return {
        limit: math.fsum(values) / len(values)
        for limit, values in found.items()
        if values and len(values) == len(folders)
    }


def _short(label: str) -> str:
    """The name of the run where a label has one in brackets, because that tells it from its neighbours."""
    return label.rpartition(" (")[2].removesuffix(")") if label.endswith(")") else label


def _thin(steps: list[int]) -> list[int]:
    """At most so many steps as a chart can show, the last among them."""
    stride = -(-len(steps) // _MOST_POINTS)
    return steps[::-1][::stride][::-1]

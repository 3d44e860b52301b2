"""A curve of a run, from the ``metrics.csv`` that it leaves in its folder."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import NamedTuple

from rnnbench.results.metric import reaches

CURVES_FILE = "metrics.csv"


class Reached(NamedTuple):
    """When a run was first as good as a criterion: after how many steps and seconds of training."""

    step: int
    seconds: float


def first_reached(folder: Path, metric: str, criterion: float) -> Reached | None:
    """When a run was first as good on validation as a criterion; None where it never was, or kept no curves.

    Args:
        folder: The run's folder.
        metric: The metric.
        criterion: The value to reach.
    """
    values = read_curve(folder / CURVES_FILE, f"validation/{metric}")
    clock = read_curve(folder / CURVES_FILE, "seconds")
    reached = (step for step in sorted(values) if step in clock and reaches(metric, values[step], criterion))
    step = next(reached, None)
    return None if step is None else Reached(step, clock[step])


def read_curve(path: Path, column: str) -> dict[int, float]:
    """Step -> value, as far as the file goes; nothing where there is no such file or column."""
    found: dict[int, float] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if "step" not in header or column not in header:
                return found
            at, of = header.index("step"), header.index(column)
            for line in reader:
                if len(line) == len(header) and line[of]:
                    step, value = int(line[at]), float(line[of])
                    if math.isfinite(value):
                        found[step] = value
    except (OSError, ValueError, csv.Error):
        # A line that a crash cut short ends the curve.
        pass
    return found

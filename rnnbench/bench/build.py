"""How long the first step takes beyond the later ones: what an engine traces, generates, compiles and loads."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from rnnbench.bench.shapes import Shape
from rnnbench.bench.steps import engine_step, full_batch
from rnnbench.bench.subjects import find_cell
from rnnbench.bench.timing import seconds_of
from rnnbench.engine import EngineName


class Build(NamedTuple):
    """Seconds with an empty cache, and in a later process that finds the cache filled."""

    first: float
    later: float


def first_call_seconds(cell_name: str, engine: EngineName, shape: Shape, device: str) -> float:
    """The first training step, the choice of the engine included, less a usual one; called in a fresh process."""
    cell = find_cell(cell_name)(shape.inputs, shape.hidden).to(device)
    batches = [full_batch(shape, cell.output_size, device)]
    first = seconds_of(lambda: engine_step(cell, engine, batches)(), device)
    usual = engine_step(cell, engine, batches)
    return max(0.0, first - statistics.median(seconds_of(usual, device) for _ in range(3)))

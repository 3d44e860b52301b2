"""Times a training step on sequences that are all as long, against every baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch

from rnnbench.bench.jax_scan import Unavailable, jax_step
from rnnbench.bench.shapes import Shape
from rnnbench.bench.steps import Step, engine_step, full_batch, layer_step, limit_step, make_layer, naive_step
from rnnbench.bench.subjects import counterpart, find_cell
from rnnbench.bench.timing import Times, time_in_turns
from rnnbench.cells import RNNCell
from rnnbench.engine import EngineName
from rnnbench.machine import total_memory

Baseline = Literal["torch.nn", "naive", "jax", "limit"]


class Effort(NamedTuple):
    """How long to measure: so many rounds, none begun after so many seconds (see `time_in_turns`)."""

    rounds: int
    seconds: float


class Timed(NamedTuple):
    """Seconds of each round by what ran (``cell`` and baselines), and why others did not."""

    times: Times
    missing: dict[str, str]


def time_fixed(
    cell_name: str,
    engine: EngineName,
    cases: Sequence[tuple[Shape, Sequence[Baseline]]],
    effort: Effort,
    device: str,
) -> dict[Shape, Timed]:
    """Times one cell at several shapes, each against its baselines; to be called in a fresh process."""
    return {shape: _time_shape(cell_name, engine, shape, against, effort, device) for shape, against in cases}


def _time_shape(
    cell_name: str, engine: EngineName, shape: Shape, baselines: Sequence[Baseline], effort: Effort, device: str
) -> Timed:
    torch.manual_seed(0)
    cell_class = find_cell(cell_name)
    cell = cell_class(shape.inputs, shape.hidden).to(device)
    if (needed := _states_bytes(cell, shape)) > total_memory() / 4:
        return Timed({}, {"cell": f"its states alone take {needed / 1e9:.0f} GB"})
    batch = full_batch(shape, cell.output_size, device)
    steps: dict[str, Step] = {"cell": engine_step(cell, engine, [batch])}
    missing = {}
    for baseline in baselines:
        if baseline == "torch.nn":
            layer = make_layer(counterpart(cell_class), shape, device)
            steps[baseline] = layer_step(layer, [full_batch(shape, shape.hidden, device)])
        elif baseline == "naive":
            steps[baseline] = naive_step(cell, [batch])
        elif baseline == "limit":
            steps[baseline] = limit_step(cell, shape, device)
        else:
            try:
                steps[baseline] = jax_step(cell, batch, device)
            except Unavailable as error:
                missing[str(baseline)] = str(error)
    return Timed(time_in_turns(steps, *effort, device), missing)


def _states_bytes(cell: RNNCell, shape: Shape) -> int:
    return 4 * shape.time * shape.batch * sum(math.prod(leaf) for leaf in cell.state_spec())

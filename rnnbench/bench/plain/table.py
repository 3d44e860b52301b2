"""The section of BENCHMARKS.md: a row for each preset, and what the goals say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rnnbench.bench.timing import geometric_mean

_MEAN_TIME, _LARGEST_TIME, _MEAN_MEMORY, _SAMPLING = 0.7, 0.9, 0.6, 3.0


class Row(NamedTuple):
    """What was measured of a preset."""

    name: str
    rate: float
    """Tokens or frames a second of ours."""
    time: float
    """Time of a training step, ours over plain."""
    memory: float
    """Its peak memory, ours over plain."""
    sampling: float | None = None
    """Tokens a second of a text that is drawn, ours over plain; None for a model that writes none."""

    def __str__(self) -> str:
        """As a row of the table."""
        drawn = "-" if self.sampling is None else f"{self.sampling:.2f}"
        return f"| {self.name} | {self.rate:,.0f} | {self.time:.2f} | {self.memory:.2f} | {drawn} |"


def render(
    rows: Sequence[Row], missing: Mapping[str, str], command: str, threads: int, known: Mapping[str, str]
) -> str:
    """The section.

    Args:
        rows: One at least.
        missing: Why other presets were not measured, by their names.
        command: What measured them.
        threads: On how many threads.
        known: The circumstances.
    """
    lines = [
        f"## Training steps against plain PyTorch, threads: {threads}",
        "",
        f"`{command}`: the same models with layers and cells of torch.nn, written by the habits of tutorials, on the"
        f" same batches. {known['machine']}; {known['versions']}; commit {known['commit']}, {known['date']}; load"
        f" before the start {known['load before the start']}.",
        "",
        "| preset | tokens or frames/s, ours | time, ours / plain | peak memory, ours / plain | sampling, speed of ours"
        " / plain |",
        "|---|---|---|---|---|",
        *map(str, rows),
        "",
        *(f"- Not measured: {name}: {why}" for name, why in missing.items()),
        *([""] if missing else []),
        _verdict(rows),
    ]
    return "\n".join(lines)


def _verdict(rows: Sequence[Row]) -> str:
    time = geometric_mean(row.time for row in rows)
    memory = geometric_mean(row.memory for row in rows)
    slowest = max(rows, key=lambda row: row.time)
    goals = (
        ("time", time, _MEAN_TIME),
        (f"largest time ({slowest.name})", slowest.time, _LARGEST_TIME),
        ("peak memory", memory, _MEAN_MEMORY),
    )
    told = [
        f"{what} {value:.2f}, goal {limit:.2f} {'met' if value <= limit else 'missed'}"
        for what, value, limit in goals
        if value is not None
    ]
    drawn = geometric_mean(row.sampling for row in rows if row.sampling is not None)
    if drawn is not None:
        reached = "met" if drawn >= _SAMPLING else "missed"
        told.append(f"speed of sampling at batch 1 {drawn:.2f}, goal {_SAMPLING:.2f} {reached}")
    return f"Geometric means of {len(rows)}, and the largest: {'; '.join(told)}."

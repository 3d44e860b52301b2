"""Runs that differ in the seed alone are one row of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path
from typing import NamedTuple

from rnnbench.results.metric import metric_title
from rnnbench.results.record import Result, Split
from rnnbench.results.statistics.summary import Summary


@dataclass(frozen=True)
class Run:
    """A run's folder and the result in it."""

    folder: Path
    result: Result


class Column(NamedTuple):
    """A metric on a split: one column of a table."""

    split: Split
    metric: str

    def __str__(self) -> str:
        return f"{self.split} {metric_title(self.metric)}"


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in the seed alone, and what they measured.

    Args:
        runs: The runs, each with a seed of its own, in the order of the seeds.
        summaries: Column -> mean, deviation and interval over the seeds.
    """

    runs: Sequence[Run]
    summaries: dict[Column, Summary]

    @property
    def first(self) -> Result:
        """The result of the first seed; what all share can be read from it."""
        return self.runs[0].result

    @property
    def name(self) -> str:
        """The name of the run, or what the names of the runs begin with."""
        names = [run.result.run for run in self.runs]
        return names[0] if len(names) == 1 else f"{commonprefix(names)}*"  # noqa: RUF071 - names, not paths

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds."""
        return tuple(run.result.seed for run in self.runs if run.result.seed is not None)

    @property
    def is_exact(self) -> bool:
        """Whether its values are free of noise: a counted model has the same with every seed."""
        return self.first.budget is None and all(len(set(self.values(column))) == 1 for column in self.summaries)

    def mean(self, column: Column) -> float | None:
        """The mean over the seeds, None where it was not measured."""
        return self.summaries[column].mean if column in self.summaries else None

    def values(self, column: Column) -> list[float]:
        """The values over the seeds; empty where it was not measured."""
        found = (run.result.value(column.split, column.metric) for run in self.runs)
        return [value for value in found if value is not None]


def group_by_seed(runs: Iterable[Run]) -> list[Group]:
    """Puts runs together that differ in the seed alone.

    A seed that was run again says nothing new: the second run of it stands in a row of its own.

    Args:
        runs: Runs that may be compared.
    """
    rows: dict[object, list[list[Run]]] = {}
    for run in sorted(runs, key=lambda run: (run.result.seed or 0, run.result.run)):
        alike = rows.setdefault(_identity(run.result), [])
        seed = run.result.seed
        row = next((row for row in alike if seed is not None and seed not in (r.result.seed for r in row)), None)
        if row is None:
            alike.append([run])
        else:
            row.append(run)
    return _summarised([row for alike in rows.values() for row in alike])


def _identity(result: Result) -> object:
    """Everything that makes two runs the same but for the seed."""
    measured = frozenset((split, name) for split, metrics in result.metrics.items() for name in metrics)
    what = (result.preset, result.model, result.cell, result.parameters, result.processes, result.settings)
    return what, result.budget, measured, result.seed is None


def _summarised(rows: list[list[Run]]) -> list[Group]:
    groups = [Group(row, {}) for row in rows]
    columns = [
        (group, Column(split, name))
        for group in groups
        for split, metrics in group.first.metrics.items()
        for name in metrics
    ]
    samples = [group.values(column) for group, column in columns]
    if any(len(row) > 1 for row in rows):
        from rnnbench.results.statistics.seeds import summarise

        summaries = summarise(samples)
    else:
        summaries = [Summary(value) for (value,) in samples]
    for (group, column), summary in zip(columns, summaries, strict=True):
        group.summaries[column] = summary
    return groups

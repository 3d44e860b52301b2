"""Runs that differ in the seed alone are one row of a table."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from os.path import commonprefix
from pathlib import Path
from typing import Literal, NamedTuple

from rnnbench.results.chance import chance
from rnnbench.results.metric import metric_title
from rnnbench.results.protocol import Field
from rnnbench.results.record import Result, Split
from rnnbench.results.statistics.summary import Summary


@dataclass(frozen=True)
class Run:
    """A run's folder and the result in it."""

    folder: Path
    result: Result


Fact = Literal["versions", "commit"]
"""What runs of one row share beside their options: else a row would mix what another code made."""
Across = Field | Fact


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
        runs: The runs, each with a seed of its own, in the order of the seeds; those that failed are among them.
        summaries: Column -> mean, deviation and interval over the seeds, failed ones at the score of chance.
        chances: Column -> what a failed run counts there, where one failed.
    """

    runs: Sequence[Run]
    summaries: dict[Column, Summary]
    chances: dict[Column, float] = field(default_factory=dict)

    @property
    def first(self) -> Result:
        """The result of the first seed that came to an end; what all share can be read from it."""
        return next((run.result for run in self.runs if run.result.status == "finished"), self.runs[0].result)

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
        if self.first.budget is not None or self.first.status != "finished":
            return False
        return all(len(set(self.values(column))) == 1 for column in self.summaries)

    @property
    def tested(self) -> int:
        """How often the run that was tested most often was."""
        return max(len(run.result.tests) for run in self.runs)

    def failures(self, column: Column) -> list[Run]:
        """The runs that came to nothing: stopped by an error, or with a value that is no number."""
        return [run for run in self.runs if _failed(run.result, column)]

    def mean(self, column: Column) -> float | None:
        """The mean over the seeds, None where it was not measured."""
        return self.summaries[column].mean if column in self.summaries else None

    def values(self, column: Column) -> list[float]:
        """The values over the seeds, a failed one at the score of chance; empty where it was not measured."""
        results = [run.result for run in self.runs]
        if any(result.status == "finished" and result.value(*column) is None for result in results):
            return []
        found = (self.chances.get(column) if _failed(result, column) else result.value(*column) for result in results)
        return [value for value in found if value is not None]


def group_by_seed(runs: Sequence[Run], across: Collection[str] = ()) -> list[Group]:
    """Puts runs together that differ in the seed alone.

    A seed that was run again says nothing new: the second run of it stands in a row of its own. A run that failed
    stands with the seeds that did not, whatever it had measured by then.

    Args:
        runs: Runs that may be compared, finished or failed.
        across: Facts in which runs of one row may differ.
    """
    rows: dict[object, list[list[Run]]] = {}
    whole = {_identity(run.result, across): model_of(run.result) for run in runs if run.result.status == "finished"}
    for run in sorted(runs, key=_order):
        identity = _identity(run.result, across)
        if run.result.status != "finished":
            identity = next((one for one, model in whole.items() if model == model_of(run.result)), identity)
        alike = rows.setdefault(identity, [])
        seed = run.result.seed
        row = next((row for row in alike if seed is not None and seed not in (r.result.seed for r in row)), None)
        if row is None:
            alike.append([run])
        else:
            row.append(run)
    return _summarised([sorted(row, key=_order) for alike in rows.values() for row in alike])


def _order(run: Run) -> tuple[int, str]:
    return run.result.seed or 0, run.result.run


def model_of(result: Result) -> object:
    """Everything that makes two runs the same but for the seed, as far as a run that failed has it."""
    start = None if result.start is None else result.start.about
    # Seeds that deal the training split anew have vocabularies of their own, and so many parameters more or less.
    parameters = None if "dealt" in result.data.details else result.parameters
    what = (result.preset, result.model, result.cell, parameters, result.processes, result.settings, start)
    return what, result.seed is None


def _identity(result: Result, across: Collection[str]) -> object:
    """Everything that makes two finished runs the same but for the seed."""
    measured = frozenset((split, name) for split, metrics in result.metrics.items() for name in metrics)
    return model_of(result), result.budget, measured, tuple(_facts(result, across).items())


def _facts(result: Result, across: Collection[str]) -> dict[str, str]:
    """What code made a result."""
    made = {name: result.versions[name] for name in ("rnnbench", "torch") if name in result.versions}
    versions = ", ".join(f"{name} {version}" for name, version in made.items())
    known = {"versions": versions, "commit": result.git_commit or "none"}
    return {name: fact for name, fact in known.items() if name not in across}


def parted(runs: Sequence[Run], across: Collection[str]) -> list[str]:
    """Sentences about runs that would be seeds of one row if one code had made them.

    Args:
        runs: Finished runs.
        across: Facts in which runs of one row may differ.
    """
    alike: dict[object, list[Result]] = {}
    for run in runs:
        alike.setdefault((model_of(run.result), run.result.protocol.fingerprint), []).append(run.result)
    notes: dict[str, None] = {}
    for results in alike.values():
        for fact in _facts(results[0], across):
            values = dict.fromkeys(_facts(result, across)[fact] for result in results)
            if len(values) > 1:
                made = f"Runs of {results[0].model} were made with different {fact} ({' against '.join(values)})"
                notes[f"{made} and stand in rows of their own. `--across {fact}` makes them seeds of one."] = None
    return list(notes)


def _failed(result: Result, column: Column) -> bool:
    value = result.value(*column)
    return result.status != "finished" or (value is not None and not math.isfinite(value))


def _summarised(rows: list[list[Run]]) -> list[Group]:
    columns = dict.fromkeys(
        Column(split, name)
        for row in rows
        for run in row
        if run.result.status == "finished"
        for split, metrics in run.result.metrics.items()
        for name in metrics
    )
    groups = [Group(row, {}) for row in rows]
    for column in columns:
        failures = [(group, failed) for group in groups if (failed := group.failures(column))]
        if failures:
            measured = [value for group in groups for value in group.values(column)]
            for group, failed in failures:
                at_worst = chance(column.metric, failed[0].result.data.details, measured)
                if at_worst is not None:
                    group.chances[column] = at_worst
    cells = [(group, column, values) for group in groups for column in columns if (values := group.values(column))]
    if any(len(values) > 1 for _, _, values in cells):
        from rnnbench.results.statistics.seeds import summarise

        summaries = summarise([values for _, _, values in cells])
    else:
        summaries = [Summary(value) for _, _, (value,) in cells]
    for (group, column, _), summary in zip(cells, summaries, strict=True):
        group.summaries[column] = summary
    return groups

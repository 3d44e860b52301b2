"""Runs side by side: a table for every set of values that may be compared, and sentences about the rest."""

from __future__ import annotations

import glob
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rnnbench.errors import UserError
from rnnbench.results.metric import BETTER, badness, best, comparable, in_order, without_repeats
from rnnbench.results.record import RESULT_FILE, Result, Split, read_result


@dataclass(frozen=True)
class Run:
    """A run's folder and the result in it."""

    folder: Path
    result: Result


@dataclass(frozen=True)
class Column:
    """A metric on a split: one column of a table."""

    split: Split
    metric: str

    def __str__(self) -> str:
        return f"{self.split} {self.metric.replace('_', ' ')}"


@dataclass
class Table:
    """Runs whose values may be compared: the same data, and in every column one way of measuring.

    Args:
        application: Id of their application.
        dataset: Name of their data set.
        fingerprint: Fingerprint of their data.
        signatures: Column -> the part of the signature that all its values share.
        runs: The rows, best first.
    """

    application: str
    dataset: str
    fingerprint: str
    signatures: dict[Column, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    @property
    def columns(self) -> list[Column]:
        """The metrics, the leading one first, each on validation and test."""
        names = in_order(column.metric for column in self.signatures)
        every = (Column(split, name) for name in names for split in get_args(Split))
        return [column for column in every if column in self.signatures]

    @property
    def shown(self) -> list[Column]:
        """The columns for a reader: those that repeat another in another unit are left out."""
        names = without_repeats(column.metric for column in self.signatures)
        return [column for column in self.columns if column.metric in names]

    @property
    def leading(self) -> Column | None:
        """What the rows are sorted by: the leading metric on the test split, or on validation where none is tested."""
        tested = [column for column in self.columns if column.split == "test"]
        return next(iter(tested or self.columns), None)

    def best(self, column: Column) -> float | None:
        """The best value of a column, None where there are not two to compare."""
        return best(column.metric, (run.result.value(column.split, column.metric) for run in self.runs))

    def labels(self) -> list[str]:
        """The rows' models, with the run's name wherever two rows would look alike."""
        results = [run.result for run in self.runs]
        alike = Counter((result.model, result.seed) for result in results)
        return [
            result.model if alike[result.model, result.seed] == 1 else f"{result.model} ({result.run})"
            for result in results
        ]

    def notes(self) -> list[str]:
        """Sentences that stand below the table."""
        leading = self.leading
        if leading is None:
            return ["These runs have measured nothing yet."]
        signature = self.signatures[leading]
        if leading.metric not in BETTER:
            return [f"Not sorted: whether a higher or a lower {leading.metric} is better is not known ({signature})."]
        notes = [f"Sorted by {leading}, {BETTER[leading.metric]} is better ({signature})."]
        best_value = self.best(leading)
        if best_value is not None:
            winners = [run for run in self.runs if run.result.value(leading.split, leading.metric) == best_value]
            if all(run.result.baseline for run in winners) and not all(run.result.baseline for run in self.runs):
                name = winners[0].result.model
                notes.append(f"The best value on this data is that of {name} (baseline), not a recurrent network's.")
        return notes

    def _accepts(self, result: Result, signatures: dict[Column, str]) -> bool:
        same_data = _data_key(result) == (self.application, self.dataset, self.fingerprint)
        return same_data and all(self.signatures.get(column, text) == text for column, text in signatures.items())

    def _sort(self) -> None:
        metric = self.leading.metric if self.leading else ""

        def key(run: Run) -> tuple[float, float, str, float, str]:
            result = run.result
            test, validation = result.value("test", metric), result.value("validation", metric)
            seed = -math.inf if result.seed is None else result.seed
            return badness(metric, test), badness(metric, validation), result.model, seed, result.run

        self.runs.sort(key=key)


@dataclass(frozen=True)
class Comparison:
    """Tables, and sentences about what is not compared and why."""

    tables: list[Table]
    notes: list[str]


def load_runs(paths: Sequence[str | Path]) -> list[Run]:
    """Read the results of runs.

    Args:
        paths: Run folders, folders of runs (up to two levels down, as in ``runs/<application>/<name>``), or patterns.
            A run that is named must be finished; one that is found in a folder or by a pattern may be under way, and
            ``compare`` leaves it out and says so.
    """
    runs: dict[Path, Run] = {}
    for path in paths:
        for folder, is_named in _find(Path(path)):
            result = read_result(folder / RESULT_FILE)
            if is_named and result.status != "finished":
                raise UserError(
                    f"this run is not finished: {_state(result)}",
                    where=folder,
                    hint="finish it with `rnnbench fit --resume RUN`, or name its parent folder, which leaves it out",
                )
            runs.setdefault(folder.resolve(), Run(folder, result))
    if not runs:
        raise UserError("no run is named", hint="name at least one run folder, e.g. runs/text_generation/NAME")
    return list(runs.values())


def compare(runs: Iterable[Run]) -> Comparison:
    """Sort finished runs into tables: no table holds two fingerprints, no column two ways of measuring."""
    runs = list(runs)
    finished = [run for run in runs if run.result.status == "finished"]
    if not finished:
        states = ", ".join(f"{run.folder.name} ({_state(run.result)})" for run in runs)
        raise UserError(f"none of these runs is finished: {states}", hint="resume one with `rnnbench fit --resume RUN`")
    tables: list[Table] = []
    # Runs with most values come first: they settle what a table measures before runs with fewer values join it.
    for run in sorted(finished, key=lambda run: (-len(_signatures(run.result)), str(run.folder))):
        signatures = _signatures(run.result)
        table = next((table for table in tables if table._accepts(run.result, signatures)), None)
        if table is None:
            table = Table(*_data_key(run.result))
            tables.append(table)
        table.signatures.update(signatures)
        table.runs.append(run)
    for table in tables:
        table._sort()
    tables.sort(key=lambda table: (table.application, table.dataset, table.fingerprint))
    return Comparison(tables, [*_why_apart(tables), *_left_out(runs)])


def _find(path: Path) -> list[tuple[Path, bool]]:
    """The run folders that a path names or contains, each with whether it was named itself."""
    folder = path.parent if path.name == RESULT_FILE else path
    if (folder / RESULT_FILE).exists():
        return [(folder, True)]
    # Path.glob takes no absolute pattern.
    within = [folder] if folder.is_dir() else sorted(map(Path, glob.glob(str(folder), recursive=True)))  # noqa: PTH207
    patterns = (RESULT_FILE, f"*/{RESULT_FILE}", f"*/*/{RESULT_FILE}")
    found = [(file.parent, False) for top in within for pattern in patterns for file in sorted(top.glob(pattern))]
    if not found:
        problem = f"no {RESULT_FILE} in it, nor in the folders below" if within else "no such run"
        raise UserError(problem, where=path, hint="name a run folder, e.g. runs/text_generation/NAME")
    return found


def _data_key(result: Result) -> tuple[str, str, str]:
    return result.application, result.data.dataset, result.data.fingerprint


def _signatures(result: Result) -> dict[Column, str]:
    return {
        Column(split, name): comparable(metric.signature)
        for split, metrics in result.metrics.items()
        for name, metric in metrics.items()
    }


def _state(result: Result) -> str:
    return f"{result.status}, {result.message}" if result.message else result.status


def _why_apart(tables: list[Table]) -> list[str]:
    """One sentence for every data set that has more than one table."""
    notes = []
    for application, dataset in dict.fromkeys((table.application, table.dataset) for table in tables):
        alike = [table for table in tables if (table.application, table.dataset) == (application, dataset)]
        prints = dict.fromkeys(table.fingerprint for table in alike)
        if len(prints) > 1:
            notes.append(
                f"{dataset} was read in {len(prints)} versions (fingerprints {', '.join(prints)}): each has a table of "
                "its own, and no value is compared with one of another."
            )
        for fingerprint in prints:
            ways = [table.signatures for table in alike if table.fingerprint == fingerprint]
            for column in dict.fromkeys(column for way in ways for column in way):
                found = dict.fromkeys(way[column] for way in ways if column in way)
                if len(found) > 1:
                    notes.append(
                        f"{column} on {dataset} ({fingerprint}) was measured in different ways and is compared only "
                        f"within one: {' against '.join(found)}."
                    )
                    break
    return notes


def _left_out(runs: list[Run]) -> list[str]:
    states = [f"{run.folder.name} ({_state(run.result)})" for run in runs if run.result.status != "finished"]
    return [f"Left out, not finished: {', '.join(states)}."] if states else []

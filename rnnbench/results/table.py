"""Runs side by side: a table for every set of values that may be compared, and sentences about the rest."""

from __future__ import annotations

import dataclasses
import glob
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.certainty import certainty, failures
from rnnbench.results.group import Across, Column, Group, Run, group_by_seed, model_of, parted
from rnnbench.results.metric import badness, best, better, in_order, without_repeats
from rnnbench.results.protocol import FIELDS, Protocol
from rnnbench.results.record import RESULT_FILE, Result, Split, read_result
from rnnbench.results.runs import Runs
from rnnbench.results.significance import Verdict, judge

ENDED = ("finished", "failed")
"""States of a run that says something about its model."""


@dataclass
class Table:
    """Runs whose values may be compared: one protocol, and in every column one way of measuring.

    Args:
        protocol: The protocol they share, with all that any of them measured.
        runs: The runs.
        groups: Its rows, best first: runs that differ in the seed alone.
        verdict: Which rows differ by more than the noise; None where nothing could be tested.
        metric: The metric that leads where it is not the usual one.
    """

    protocol: Protocol
    runs: list[Run] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    verdict: Verdict | None = None
    metric: str | None = None

    @property
    def datasets(self) -> list[str]:
        """What its runs call the data: one name, or several."""
        return sorted({run.result.data.dataset for run in self.runs})

    @property
    def dataset(self) -> str:
        """The names of the data as one."""
        return " / ".join(self.datasets)

    @property
    def columns(self) -> list[Column]:
        """The metrics, the leading one first, each on validation and test."""
        names = in_order((metric for _, metric in self.protocol.metrics), self.protocol.application)
        names.sort(key=lambda name: name != self.metric)
        every = (Column(split, name) for name in names for split in get_args(Split))
        return [column for column in every if column in self.protocol.metrics]

    @property
    def shown(self) -> list[Column]:
        """The columns for a reader: those that repeat another in another unit are left out."""
        names = without_repeats((metric for _, metric in self.protocol.metrics), self.protocol.application)
        mixed = self.mixed
        return [column for column in self.columns if column.metric in (*names, self.metric) and column not in mixed]

    @property
    def mixed(self) -> dict[Column, list[str]]:
        """The columns whose values were not all measured in one way, with the ways."""
        found: dict[Column, dict[str, None]] = {}
        for run in self.runs:
            for key, signature in run.result.protocol.metrics.items():
                found.setdefault(Column(*key), {})[signature] = None
        return {column: list(ways) for column, ways in found.items() if len(ways) > 1}

    @property
    def leading(self) -> Column | None:
        """What the rows are sorted by: the leading metric on the test split, or on validation where none is tested."""
        tested = [column for column in self.columns if column.split == "test"]
        return next(iter(tested or self.columns), None)

    def leads(self, place: int, column: Column) -> bool:
        """Whether a row's value is printed in bold: the tests tell rows apart, and find none that is better."""
        return column == self.leading and self.verdict is not None and self.verdict.leads(place)

    def labels(self) -> list[str]:
        """The rows' models, with the name of the run or runs wherever two rows would look alike."""
        alike = Counter(group.first.model for group in self.groups)
        models = [(group.first.model, group.name) for group in self.groups]
        return [model if alike[model] == 1 else f"{model} ({name})" for model, name in models]

    def notes(self) -> list[str]:
        """Sentences that stand below the table."""
        leading = self.leading
        if leading is None:
            return ["These runs have measured nothing yet."]
        signature = self.protocol.metrics[leading]
        if better(leading.metric) is None:
            return [f"Not sorted: whether a higher or a lower {leading.metric} is better is not known ({signature})."]
        notes = [f"Sorted by {leading}, {better(leading.metric)} is better ({signature})."]
        best_value = best(leading.metric, (group.mean(leading) for group in self.groups))
        if best_value is not None:
            winners = [group.first for group in self.groups if group.mean(leading) == best_value]
            if all(one.baseline for one in winners) and not all(group.first.baseline for group in self.groups):
                name = winners[0].model
                notes.append(f"The best value on this data is that of {name} (baseline), not a recurrent network's.")
        return [*notes, *failures(self, leading), *certainty(self, leading), *self._conditions()]

    def _conditions(self) -> list[str]:
        """The rest of the protocol; several values where the table was asked to go across them."""
        results = [run.result for run in self.runs]
        selections = dict.fromkeys(result.selection for result in results)
        budgets = dict.fromkeys(result.budget for result in results if result.budget is not None)
        limits = f"; budget {' / '.join(budgets)}" if budgets else ""
        rest = f" on {self.protocol.hardware}" if self.protocol.hardware else ""
        rest += f"; decoded by {self.protocol.decoding}" if self.protocol.decoding else ""
        if self.protocol.checkpoint not in (None, "selected"):
            rest += f"; tested at {self.protocol.checkpoint}, not at the selected state"
        name = f" (protocol {self.protocol.hash})" if len(selections) == 1 and len(budgets) < 2 else ""
        notes = [f"Selected by {' / '.join(selections)}{limits}{rest}{name}."]
        for column, ways in self.mixed.items():
            notes.append(f"Not shown, measured in {len(ways)} ways: {column} ({' against '.join(ways[:3])}).")
        named = zip(self.labels(), self.groups, strict=True)
        often = [f"{label} {group.tested} times" for label, group in named if group.tested > 1]
        if often:
            notes.append(f"Tested more than once: {', '.join(often)}; the value is that of the last test.")
        return notes

    def _settle(self, reference: str | None, criterion: float | None, across: Collection[Across]) -> None:
        """Makes the rows, sorts them and tests their differences."""
        leading = self.leading
        metric = leading.metric if leading else ""

        def key(group: Group) -> tuple[float, float, str, tuple[int, ...], str]:
            test, validation = group.mean(Column("test", metric)), group.mean(Column("validation", metric))
            return badness(metric, test), badness(metric, validation), group.first.model, group.seeds, group.name

        self.groups = sorted(group_by_seed(self.runs, across), key=key)
        self.runs = [run for group in self.groups for run in group.runs]
        if leading and better(leading.metric):
            self.verdict = judge(self.groups, leading, self._row_of(reference), criterion)

    def _row_of(self, reference: str | None) -> int | None:
        """The row of a cell or a model; None where it has no row here, or several."""
        if reference is None:
            return None
        names = [(group.first.cell, group.first.model, group.name) for group in self.groups]
        rows = [row for row, known in enumerate(names) if reference in known]
        return rows[0] if len(rows) == 1 else None


def _blanks(protocol: Protocol) -> int:
    return [protocol.hardware, protocol.decoding, protocol.checkpoint].count(None)


def _joined(one: Protocol, other: Protocol) -> Protocol:
    """What the first says, and what the second says beyond."""
    blank = {name: getattr(other, name) for name in ("budget", "hardware", "decoding", "checkpoint")}
    new = {name: value for name, value in blank.items() if getattr(one, name) is None}
    return dataclasses.replace(one, metrics={**other.metrics, **one.metrics}, **new)


def _check_metric(runs: Sequence[Run], metric: str | None) -> None:
    known = {name for run in runs for metrics in run.result.metrics.values() for name in metrics}
    if metric is not None and metric not in known:
        raise UserError(f"no run has measured {metric}", where="--metric", hint=did_you_mean(metric, sorted(known)))


@dataclass(frozen=True)
class Comparison:
    """Tables, and sentences about what is not compared and why."""

    tables: list[Table]
    notes: list[str]


def load_runs(paths: Sequence[str | Path]) -> Runs:
    """Read the results of runs.

    Args:
        paths: Run folders, folders of runs (up to two levels down, as in ``runs/<application>/<name>``), or patterns.
            A run that is named must have come to an end, be it that it failed; one that is found in a folder or by a
            pattern may be under way, and ``compare`` leaves it out and says so.
    """
    runs: dict[Path, Run] = {}
    for path in paths:
        for folder, is_named in find_runs(Path(path)):
            result = read_result(folder / RESULT_FILE)
            if is_named and result.status not in ENDED:
                raise UserError(
                    f"this run is not finished: {state(result)}",
                    where=folder,
                    hint="finish it with `rnnbench fit --resume RUN`, or name its parent folder, which leaves it out",
                )
            runs.setdefault(folder.resolve(), Run(folder, result))
    if not runs:
        raise UserError("no run is named", hint="name at least one run folder, e.g. runs/text_generation/NAME")
    return Runs(runs.values())


def compare(
    runs: Iterable[Run],
    across: Collection[Across] = (),
    reference: str | None = None,
    criterion: float | None = None,
    metric: str | None = None,
) -> Comparison:
    """Sort runs that came to an end into tables: no table holds two protocols, no column two ways of measuring.

    Args:
        runs: The runs. One that failed stands with its other seeds, and counts there what chance gives.
        across: Fields of the protocol that may differ within a table, and facts that may differ within a row.
        reference: Cell or model that all others are compared with; where it is not given, or not in a table, all pairs
            are compared.
        criterion: The value of the leading metric from which on a run counts as one that learned its task.
        metric: The metric to rank by; the usual one of each application where none is given.

    Raises:
        UserError: No run is finished, or none has that metric.
    """
    runs = list(runs)
    _check_metric(runs, metric)
    finished = [(run, run.result.protocol) for run in runs if run.result.status == "finished"]
    if not finished:
        states = ", ".join(f"{run.folder.name} ({state(run.result)})" for run in runs)
        raise UserError(f"none of these runs is finished: {states}", hint="resume one with `rnnbench fit --resume RUN`")
    tables: list[Table] = []
    fields = [name for name in FIELDS if name in across]

    # Runs with most values come first: they settle what a table measures before runs with fewer values join it.
    def order(pair: tuple[Run, Protocol]) -> tuple[bool, int, int, str]:
        run, protocol = pair
        return protocol.budget is None, _blanks(protocol), -len(protocol.metrics), str(run.folder)

    for run, protocol in sorted(finished, key=order):
        fitting = [table for table in tables if not table.protocol.differences(protocol, fields, metric)]
        if not fitting:
            tables.append(Table(protocol, metric=metric))
            fitting = tables[-1:]
        # A counted model is a yardstick for every budget, and what searches for nothing one for every search.
        searches = {table.protocol.decoding for table in fitting}
        everywhere = protocol.budget is None or (protocol.decoding is None and len(searches) > 1)
        for table in fitting if everywhere else fitting[:1]:
            table.protocol = _joined(table.protocol, protocol)
            table.runs.append(run)
    lost = []
    for run in (run for run in runs if run.result.status == "failed"):
        # It may have stopped before it knew its budget or measured anything.
        fitting = [
            table for table in tables if not table.protocol.differences(run.result.protocol, [*fields, "metrics"])
        ]
        # Where budgets are compared, its other seeds say which was its own.
        model = model_of(run.result)
        own = [table for table in fitting if any(model == model_of(other.result) for other in table.runs)]
        for table in (own or fitting)[:1]:
            table.runs.append(run)
        lost += [] if fitting else [run]
    for table in tables:
        table._settle(reference, criterion, across)
    tables.sort(key=lambda table: (table.protocol.application, table.dataset, table.protocol.fingerprint))
    rows = parted([run for run, _ in finished], across)
    return Comparison(tables, [*_why_apart(tables), *rows, *_left_out(runs, lost)])


def find_runs(path: Path) -> list[tuple[Path, bool]]:
    """The run folders that a path or a pattern names or contains, each with whether it was named itself."""
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


def state(result: Result) -> str:
    """How far a run came, and what stopped it."""
    return f"{result.status}, {result.message}" if result.message else result.status


def _why_apart(tables: list[Table]) -> list[str]:
    """Sentences about names that stand for different data, and about data that have more than one table."""
    notes = []
    names = {(table.protocol.application, run.result.data.dataset) for table in tables for run in table.runs}
    for application, name in sorted(names):
        prints = dict.fromkeys(
            run.result.data.fingerprint
            for table in tables
            if table.protocol.application == application
            for run in table.runs
            if run.result.data.dataset == name
        )
        if len(prints) > 1:
            notes.append(
                f"{name} stands for {len(prints)} versions (fingerprints {', '.join(prints)}) of a data set, or for as "
                "many sets of one name: each has a table of its own, and no value is compared with one of another."
            )
    alike: dict[tuple[str, str], list[Table]] = {}
    for table in tables:
        alike.setdefault((table.protocol.application, table.protocol.fingerprint), []).append(table)
    for (_, fingerprint), same in alike.items():
        called = " / ".join(dict.fromkeys(table.dataset for table in same))
        notes += _differences(f"{called} ({fingerprint})", [table.protocol for table in same])
    return notes


def _differences(data: str, protocols: list[Protocol]) -> list[str]:
    """Sentences about protocols on the same data."""
    notes = []
    for one, other in itertools.combinations(protocols, 2):
        if different := one.measured_differently(other):
            key = different[0]
            notes.append(
                f"{Column(*key)} on {data} was measured in different ways and is compared only within one: "
                f"{one.metrics[key]} against {other.metrics[key]}."
            )
            break
    for name in ("selection", "budget", "hardware", "decoding", "checkpoint", "start"):
        values = dict.fromkeys(getattr(one, name) for one in protocols)
        values.pop(None, None)
        if len(values) > 1:
            notes.append(
                f"Runs on {data} differ in the {name} of their protocols and are ranked only within one: "
                f"{' against '.join(values)}. `--across {name}` ranks them all the same."
            )
    return notes


def _left_out(runs: list[Run], lost: list[Run]) -> list[str]:
    under_way = [run for run in runs if run.result.status not in ENDED]
    notes = []
    for what, some in (("not finished", under_way), ("failed, and no run to stand beside was finished", lost)):
        if some:
            notes.append(f"Left out, {what}: {', '.join(f'{run.folder.name} ({state(run.result)})' for run in some)}.")
    return notes

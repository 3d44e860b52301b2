"""Runs side by side: a table for every set of values that may be compared, and sentences about the rest."""

from __future__ import annotations

import dataclasses
import glob
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from rnnbench.errors import UserError
from rnnbench.results.group import Column, Group, Run, group_by_seed
from rnnbench.results.metric import badness, best, better, in_order, without_repeats
from rnnbench.results.protocol import Field, Protocol
from rnnbench.results.record import RESULT_FILE, Result, Split, read_result
from rnnbench.results.significance import LEVEL, Verdict, judge


@dataclass
class Table:
    """Runs whose values may be compared: one protocol, and in every column one way of measuring.

    Args:
        protocol: The protocol they share, with all that any of them measured.
        runs: The runs.
        groups: Its rows, best first: runs that differ in the seed alone.
        verdict: Which rows differ by more than the noise; None where nothing could be tested.
    """

    protocol: Protocol
    runs: list[Run] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    verdict: Verdict | None = None

    @property
    def columns(self) -> list[Column]:
        """The metrics, the leading one first, each on validation and test."""
        names = in_order((metric for _, metric in self.protocol.metrics), self.protocol.application)
        every = (Column(split, name) for name in names for split in get_args(Split))
        return [column for column in every if column in self.protocol.metrics]

    @property
    def shown(self) -> list[Column]:
        """The columns for a reader: those that repeat another in another unit are left out."""
        names = without_repeats((metric for _, metric in self.protocol.metrics), self.protocol.application)
        return [column for column in self.columns if column.metric in names]

    @property
    def leading(self) -> Column | None:
        """What the rows are sorted by: the leading metric on the test split, or on validation where none is tested."""
        tested = [column for column in self.columns if column.split == "test"]
        return next(iter(tested or self.columns), None)

    def best(self, column: Column) -> float | None:
        """The best value of a column, None where there are not two to compare."""
        return best(column.metric, (group.mean(column) for group in self.groups))

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
        best_value = self.best(leading)
        if best_value is not None:
            winners = [group.first for group in self.groups if group.mean(leading) == best_value]
            if all(one.baseline for one in winners) and not all(group.first.baseline for group in self.groups):
                name = winners[0].model
                notes.append(f"The best value on this data is that of {name} (baseline), not a recurrent network's.")
        return [*notes, *self._certainty(), self._conditions()]

    def _conditions(self) -> str:
        """The rest of the protocol; several where the table was asked to go across them."""
        results = [run.result for run in self.runs]
        selections = dict.fromkeys(result.selection for result in results)
        budgets = dict.fromkeys(result.budget for result in results if result.budget is not None)
        limits = f"; budget {' / '.join(budgets)}" if budgets else ""
        name = f" (protocol {self.protocol.hash})" if len(selections) == 1 and len(budgets) < 2 else ""
        return f"Selected by {' / '.join(selections)}{limits}{name}."

    def _certainty(self) -> list[str]:
        """How sure the order is."""
        if self.verdict is None:
            return ["Not tested: one seed for each row."] if len(self.groups) > 1 else []
        tests, pairs = self.verdict.tests, self.verdict.tested
        used = f"{' and '.join(tests)}, and both must see it" if len(tests) > 1 else tests[0]
        notes = [
            "Rank: 1, and 1 more for every row that is better by more than the noise; equal ranks are ties "
            f"({used}; p against the first row, with Holm's correction over {pairs:,} pair{'s' if pairs != 1 else ''}; "
            f"{LEVEL:.0%} for the whole table)."
        ]
        if any(rank is None for rank in self.verdict.ranks):
            notes.append("A row without a rank has one seed and could not be tested.")
        elif any(len(group.runs) == 1 and not group.is_exact for group in self.groups):
            notes.append("A row of one seed stands for that trained model, not for what another seed would give.")
        return notes

    def _settle(self) -> None:
        """Makes the rows, sorts them and tests their differences."""
        leading = self.leading
        metric = leading.metric if leading else ""

        def key(group: Group) -> tuple[float, float, str, tuple[int, ...], str]:
            test, validation = group.mean(Column("test", metric)), group.mean(Column("validation", metric))
            return badness(metric, test), badness(metric, validation), group.first.model, group.seeds, group.name

        self.groups = sorted(group_by_seed(self.runs), key=key)
        self.runs = [run for group in self.groups for run in group.runs]
        if leading and better(leading.metric):
            self.verdict = judge(self.groups, leading)


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
        for folder, is_named in find_runs(Path(path)):
            result = read_result(folder / RESULT_FILE)
            if is_named and result.status != "finished":
                raise UserError(
                    f"this run is not finished: {state(result)}",
                    where=folder,
                    hint="finish it with `rnnbench fit --resume RUN`, or name its parent folder, which leaves it out",
                )
            runs.setdefault(folder.resolve(), Run(folder, result))
    if not runs:
        raise UserError("no run is named", hint="name at least one run folder, e.g. runs/text_generation/NAME")
    return list(runs.values())


def compare(runs: Iterable[Run], across: Collection[Field] = ()) -> Comparison:
    """Sort finished runs into tables: no table holds two protocols, no column two ways of measuring.

    Args:
        runs: The runs.
        across: Fields of the protocol that may differ within a table.
    """
    runs = list(runs)
    finished = [(run, run.result.protocol) for run in runs if run.result.status == "finished"]
    if not finished:
        states = ", ".join(f"{run.folder.name} ({state(run.result)})" for run in runs)
        raise UserError(f"none of these runs is finished: {states}", hint="resume one with `rnnbench fit --resume RUN`")
    tables: list[Table] = []

    # Runs with most values come first: they settle what a table measures before runs with fewer values join it.
    def order(pair: tuple[Run, Protocol]) -> tuple[bool, int, str]:
        run, protocol = pair
        return protocol.budget is None, -len(protocol.metrics), str(run.folder)

    for run, protocol in sorted(finished, key=order):
        fitting = [table for table in tables if not table.protocol.differences(protocol, across)]
        if not fitting:
            tables.append(Table(protocol))
            fitting = tables[-1:]
        # A counted model is a yardstick for every budget.
        for table in fitting if protocol.budget is None else fitting[:1]:
            table.protocol = dataclasses.replace(table.protocol, metrics={**table.protocol.metrics, **protocol.metrics})
            table.runs.append(run)
    for table in tables:
        table._settle()
    tables.sort(key=lambda table: dataclasses.astuple(table.protocol)[:3])
    return Comparison(tables, [*_why_apart(tables), *_left_out(runs)])


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
    """Sentences about every data set that has more than one table: in which fields their protocols differ."""
    notes = []
    protocols = [table.protocol for table in tables]
    for application, dataset in dict.fromkeys((one.application, one.dataset) for one in protocols):
        alike = [one for one in protocols if (one.application, one.dataset) == (application, dataset)]
        prints = dict.fromkeys(one.fingerprint for one in alike)
        if len(prints) > 1:
            notes.append(
                f"{dataset} was read in {len(prints)} versions (fingerprints {', '.join(prints)}): each has a table of "
                "its own, and no value is compared with one of another."
            )
        for fingerprint in prints:
            same = [one for one in alike if one.fingerprint == fingerprint]
            notes += _differences(f"{dataset} ({fingerprint})", same)
    return notes


def _differences(data: str, protocols: list[Protocol]) -> list[str]:
    """Sentences about protocols on the same data."""
    notes = []
    for column in dict.fromkeys(column for one in protocols for column in one.metrics):
        ways = dict.fromkeys(one.metrics[column] for one in protocols if column in one.metrics)
        if len(ways) > 1:
            notes.append(
                f"{Column(*column)} on {data} was measured in different ways and is compared only within one: "
                f"{' against '.join(ways)}."
            )
            break
    for name in ("selection", "budget"):
        values = dict.fromkeys(getattr(one, name) for one in protocols)
        values.pop(None, None)
        if len(values) > 1:
            notes.append(
                f"Runs on {data} differ in the {name} of their protocols and are ranked only within one: "
                f"{' against '.join(values)}. `--across {name}` ranks them all the same."
            )
    return notes


def _left_out(runs: list[Run]) -> list[str]:
    states = [f"{run.folder.name} ({state(run.result)})" for run in runs if run.result.status != "finished"]
    return [f"Left out, not finished: {', '.join(states)}."] if states else []

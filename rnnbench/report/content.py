"""What a report says, before it is written as a page, as tables or as figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rnnbench.results.group import Column
from rnnbench.results.pairs import Pair
from rnnbench.results.rows import Reproduced
from rnnbench.results.statistics.summary import Summary

if TYPE_CHECKING:
    from rnnbench.results.statistics.table import Rank

Cost = Literal["parameters", "flops", "seconds", "memory"]
COSTS: Mapping[Cost, str] = {
    "parameters": "parameters",
    "flops": "FLOPs of training",
    "seconds": "seconds of training",
    "memory": "peak memory, bytes",
}
"""What a model may cost, in words."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a number comes from: a run, or a committed row.

    Args:
        name: Name of the run.
        seed: Its seed.
        value: What it measured, in the leading column.
        folder: Its folder; None for a committed row.
        command: The command line that made it.
        config: The config it was made with.
        commit: Commit of the working tree.
        hardware: What it ran on.
        versions: Packages it ran with.
        finished: When it ended.
    """

    name: str
    seed: int | None
    value: float | None
    folder: Path | None
    command: str
    config: str | None
    commit: str | None
    hardware: str
    versions: str
    finished: str | None


@dataclass(frozen=True)
class Published:
    """A published value.

    Args:
        value: The value.
        source: Where it is published.
        tolerance: How far off, either way, still counts as reproduced; None where nobody said.
        reproduced: Whether the value beside it is within the tolerance; None where that is not known.
    """

    value: float
    source: str
    tolerance: float | None = None
    reproduced: Reproduced | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A row of a ranking: runs that differ in the seed alone, or a committed row.

    Args:
        label: The model, as its table names it.
        cell: Name of the recurrent cell, None without one.
        baseline: Whether it is a yardstick and not a recurrent network.
        rank: The places that the tests leave open to it, None where it was not tested.
        letters: Rows that share a letter are not told apart; empty where it was not tested.
        leads: Whether no row is better by more than the noise, where some rows are told apart.
        p: Corrected p value against the reference, or the first row.
        values: Column -> mean, deviation and interval over the seeds.
        seed_values: The values of the leading column, seed by seed.
        costs: What it costs, as far as it is known.
        epochs: Epochs trained.
        speed: Tokens per second.
        seeds: The seeds.
        sources: Where the numbers come from.
        published: What is published for this row.
        note: A sentence about it.
        failed: How many of its seeds came to nothing.
        against: How far it is from that row; None where that was not tested, and for committed rows.
        after: Seconds of training -> the leading metric on validation by then, where the run kept its curves.
    """

    label: str
    cell: str | None
    baseline: bool
    rank: Rank | None
    letters: str
    leads: bool
    p: float | None
    values: Mapping[Column, Summary]
    seed_values: tuple[float, ...]
    costs: Mapping[Cost, float]
    epochs: float | None
    speed: float | None
    seeds: tuple[int, ...]
    sources: tuple[Source, ...]
    published: Published | None = None
    note: str = ""
    failed: int = 0
    against: Pair | None = None
    after: Mapping[int, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What it is drawn as: its cell, or its own name."""
        return self.cell or self.label


@dataclass(frozen=True)
class Card:
    """What the data card says of a data set."""

    title: str
    licence: str
    url: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A ranking: rows that may be compared, the best first.

    Args:
        key: Its name in file names and links.
        application: Id of the application.
        dataset: Name of the data set.
        title: What stands above it.
        budget: What training was allowed, in a few words; empty where nobody said.
        conditions: What else sets it apart from other rankings on the same data.
        fingerprint: Fingerprint of the data.
        signature: How the leading column was measured.
        leading: What the rows are sorted by; None where nothing was measured.
        columns: What is shown, the leading metric first.
        entries: The rows.
        notes: Sentences below the table.
        anchors: Published values on the same data.
        card: What is known of the data set.
        caption: What stands above it in a paper, as LaTeX; the notes where nothing is given.
        chance: What a model that knows nothing has in the leading column; None where that is not known.
    """

    key: str
    application: str
    dataset: str
    title: str
    budget: str
    conditions: str
    fingerprint: str
    signature: str
    leading: Column | None
    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    anchors: tuple[Published, ...] = ()
    card: Card | None = None
    caption: str = ""
    chance: float | None = None

    def mean(self, entry: Entry) -> float | None:
        """The entry's value in the leading column."""
        summary = entry.values.get(self.leading) if self.leading else None
        return summary.mean if summary else None


@dataclass(frozen=True)
class Content:
    """All of a report.

    Args:
        sections: The rankings.
        missing: Application -> why it has no ranking.
        problems: What could not be read, a sentence each.
        notes: Sentences about what is not compared and why.
        source: What was read, in words.
        findings: What somebody found in it, as Markdown.
    """

    sections: list[Section]
    missing: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: str = ""
    findings: str = ""

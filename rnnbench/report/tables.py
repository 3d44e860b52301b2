"""Rankings as tables: Markdown and LaTeX for papers, CSV with every digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rnnbench.report.content import Entry, Published, Section
from rnnbench.report.text import clean, decimals, number, short, words
from rnnbench.results.group import Column
from rnnbench.results.latex import escaped, latex_table
from rnnbench.results.metric import better, metric_title, speed_title
from rnnbench.results.render import Cell, markdown_table, safe_cell
from rnnbench.results.statistics.summary import Summary
from rnnbench.safe_files import csv_text

_OTHER_METRICS = 4
_MOST_SEEDS = 5
_PAPER = {"model", "rank", "group", "95% interval", "difference", "effect", "parameters", "published", "seeds"}


@dataclass(frozen=True)
class Value:
    """A cell of a table.

    Args:
        text: What it says.
        spread: The deviation that belongs to it.
        order: What to sort by, None for a cell without a value.
        is_best: Whether it is the best of its column.
    """

    text: str
    spread: str = ""
    order: float | None = None
    is_best: bool = False

    @property
    def whole(self) -> str:
        """Text and deviation."""
        return f"{self.text} ± {self.spread}" if self.spread else self.text


@dataclass(frozen=True)
class Header:
    """The head of a column, and what it means."""

    text: str
    meaning: str


@dataclass(frozen=True)
class Grid:
    """A ranking as a table; the first column holds the models."""

    headers: list[Header]
    rows: list[list[Value]]


def grid(section: Section) -> Grid:
    """The table of a ranking. Columns in which no row has a value are left out."""
    parts = [
        (
            Header("model", "model, or run where two models have one name"),
            [Value(clean(e.label)) for e in section.entries],
        )
    ]
    if any(entry.rank is not None for entry in section.entries):
        meaning = "all places that the tests leave open to it"
        parts.append((Header("rank", meaning), [_rank(entry) for entry in section.entries]))
    if any(entry.letters for entry in section.entries):
        parts.append(
            (Header("group", "rows that share a letter are not told apart"), list(map(_group, section.entries)))
        )
    leading = section.leading
    for column in _shown(section):
        meaning = f"{better(column.metric) or 'unknown'} is better; mean ± standard deviation over the seeds"
        parts.append((Header(words(str(column)), meaning), _measured(section, column)))
        if column == leading:
            parts += _intervals(section, column)
    costs: list[tuple[str, str, Callable[[Entry], float | None], Callable[[float], str]]] = [
        ("parameters", "trained parameters", lambda e: e.costs.get("parameters"), lambda v: f"{v:,.0f}"),
        ("FLOPs", "floating-point operations of training", lambda e: e.costs.get("flops"), short),
        ("minutes", "training by the clock, mean over the seeds", lambda e: e.costs.get("seconds"), _minutes),
        ("memory", "most bytes held at once", lambda e: e.costs.get("memory"), short),
        (speed_title(section.application), "speed of training", lambda e: e.speed, lambda v: f"{v:,.0f}"),
        ("epochs", "epochs trained", lambda e: e.epochs, lambda v: f"{v:.4g}"),
    ]
    for name, meaning, get, form in costs:
        found = [get(entry) for entry in section.entries]
        if any(value is not None for value in found):
            cells = [Value("–") if value is None else Value(form(value), order=value) for value in found]
            parts.append((Header(name, meaning), cells))
    parts += [*_by_the_clock(section), *_published(section)]
    parts.append((Header("seeds", "of the runs, and how many came to something"), list(map(_seeds, section.entries))))
    headers, columns = [head for head, _ in parts], [cells for _, cells in parts]
    return Grid(headers, [list(row) for row in zip(*columns, strict=True)])


def markdown(section: Section) -> str:
    """The table in Markdown, with what it is and how it was made."""
    table = grid(section)
    rows = [[Cell(value.whole, value.is_best) for value in row] for row in table.rows]
    title = f"### {clean(section.title)}: {words(str(section.leading))}" if section.leading else f"### {section.title}"
    budget = f"budget {clean(section.budget)}; " if section.budget else ""
    facts = f"Data: {clean(section.dataset)}, fingerprint `{section.fingerprint}`; {budget}{clean(section.conditions)}."
    return "\n\n".join([title, facts, markdown_table([h.text for h in table.headers], rows), *section.notes]) + "\n"


def latex(section: Section) -> str:
    r"""The table for ``\usepackage{booktabs}``, less the columns that a page of a paper has no room for."""
    table = _narrowed(grid(section), section)
    rows = [[Cell(value.whole, value.is_best) for value in row] for row in table.rows]
    return latex_table(
        [header.text for header in table.headers], rows, section.caption or _caption(section), section.key
    )


def _caption(section: Section) -> str:
    return escaped(f"{clean(section.title)}. {' '.join(section.notes)}")


def comma_separated(section: Section) -> str:
    """Every row with all digits."""
    columns = section.columns
    head = ["model", "cell", "baseline", "rank", "group", "p"]
    clock = sorted({limit for entry in section.entries for limit in entry.after})
    tail = ["parameters", "flops", "seconds", "memory", "tokens_per_second", "epochs"]
    tail += [f"validation_after_{limit}_seconds" for limit in clock]
    last = ["seeds", "seed_values", "published", "published_source", "runs", "config", "command", "commit"]
    names = [f"{c.split}_{c.metric}{part}" for c in columns for part in ("", "_deviation", "_low", "_high")]
    rows: list[Iterable[object]] = [["application", "dataset", "fingerprint", *head, *names, *tail, *last]]
    for entry in section.entries:
        first = entry.sources[0]
        values: list[object] = [section.application, section.dataset, section.fingerprint]
        values += [entry.label, entry.cell, str(entry.baseline).lower(), entry.rank, entry.letters, entry.p]
        for column in columns:
            s = entry.values.get(column)
            values += [s.mean, s.deviation, s.low, s.high] if s else [None] * 4
        values += [entry.costs.get(name) for name in ("parameters", "flops", "seconds", "memory")]
        values += [entry.speed, entry.epochs, *map(entry.after.get, clock)]
        values += [" ".join(map(str, entry.seeds)), " ".join(map(repr, entry.seed_values))]
        values += [entry.published.value, entry.published.source] if entry.published else [None, None]
        values += [" ".join(source.name for source in entry.sources), first.config, first.command, first.commit]
        rows.append(map(safe_cell, values))
    return csv_text(rows)


def _narrowed(table: Grid, section: Section) -> Grid:
    metric = section.leading.metric if section.leading else ""
    names = {words(str(column)) for column in section.columns if column.metric == metric} | _PAPER
    kept = [place for place, header in enumerate(table.headers) if header.text in names]
    return Grid([table.headers[place] for place in kept], [[row[place] for place in kept] for row in table.rows])


def _shown(section: Section) -> list[Column]:
    """The leading metric on both splits, and a few others on the split that leads."""
    leading = section.leading
    if leading is None:
        return []
    own = [column for column in section.columns if column.metric == leading.metric]
    others = [column for column in section.columns if column.metric != leading.metric and column.split == leading.split]
    # The leading one first: on a phone, the others are out of sight.
    return sorted(own, key=lambda column: column != leading) + others[:_OTHER_METRICS]


def _measured(section: Section, column: Column) -> list[Value]:
    summaries: list[Summary | None] = [entry.values.get(column) for entry in section.entries]
    places = decimals(summary.mean for summary in summaries if summary)
    found = []
    for entry, summary in zip(section.entries, summaries, strict=True):
        if summary is None:
            found.append(Value("–"))
            continue
        spread = "" if summary.deviation is None else number(summary.deviation, places)
        order = summary.mean if math.isfinite(summary.mean) else None
        found.append(Value(number(summary.mean, places), spread, order, column == section.leading and entry.leads))
    return found


def _intervals(section: Section, column: Column) -> list[tuple[Header, list[Value]]]:
    """Interval and p value, where any row has one."""
    summaries = [entry.values.get(column) for entry in section.entries]
    parts = []
    if any(summary and summary.low is not None for summary in summaries):
        places = decimals(summary.mean for summary in summaries if summary)
        cells = [
            Value(f"{number(s.low, places)} to {number(s.high, places)}", order=s.low)
            if s and s.low is not None
            else Value("–")
            for s in summaries
        ]
        parts.append((Header("95% interval", "of the mean over the seeds (Student's t), from three seeds on"), cells))
    if any(entry.against is not None for entry in section.entries):
        places = decimals(summary.mean for summary in summaries if summary)
        meaning = "less the reference, or the first row, with intervals that hold all together"
        parts.append((Header("difference", meaning), [_difference(entry, places) for entry in section.entries]))
        found = [None if entry.against is None else entry.against.effect for entry in section.entries]
        cells = [Value("–") if effect is None else Value(f"{effect:.2f}", order=effect) for effect in found]
        parts.append((Header("effect", "the difference in standard deviations of the seeds (Hedges' g)"), cells))
    if any(entry.p is not None for entry in section.entries):
        cells = [Value("–") if e.p is None else Value(f"{e.p:.2g}", order=e.p) for e in section.entries]
        parts.append(
            (Header("p", "against the reference, or the first row, corrected over the table by Holm's method"), cells)
        )
    return parts


def _difference(entry: Entry, places: int) -> Value:
    pair = entry.against
    if pair is None:
        return Value("–")
    between = ""
    if pair.low is not None and pair.high is not None:
        between = f" ({number(pair.low, places)} to {number(pair.high, places)})"
    return Value(number(pair.difference, places) + between, order=pair.difference)


def _by_the_clock(section: Section) -> list[tuple[Header, list[Value]]]:
    """What was reached after so many seconds, where all rows were trained on hardware of one kind."""
    limits = sorted({limit for entry in section.entries for limit in entry.after})
    machines = {source.hardware for entry in section.entries if entry.after for source in entry.sources}
    if len(machines) != 1 or section.leading is None:
        return []
    meaning = (
        f"validation {metric_title(section.leading.metric)} after so many seconds of training, the best so far, mean "
        "over the seeds; nothing where training was over before"
    )
    places = decimals(value for entry in section.entries for value in entry.after.values())
    return [
        (
            Header(f"after {limit} s", meaning),
            [Value(number(entry.after.get(limit), places), order=entry.after.get(limit)) for entry in section.entries],
        )
        for limit in limits
    ]


def _published(section: Section) -> list[tuple[Header, list[Value]]]:
    given = [entry.published for entry in section.entries]
    if not any(given):
        return []
    places = decimals(one.value for one in given if one)
    meaning = "published for this configuration, where, and whether ours is within so much of it"
    return [(Header("published", meaning), [_anchor(one, places) if one else Value("–") for one in given])]


def _anchor(one: Published, places: int) -> Value:
    judged = f"; reproduced: {one.reproduced}" if one.reproduced else ""
    within = "" if one.tolerance is None or one.reproduced is None else f" (±{one.tolerance:g})"
    return Value(f"{number(one.value, places)}, {clean(one.source, 60)}{judged}{within}", order=one.value)


def _rank(entry: Entry) -> Value:
    return Value("–") if entry.rank is None else Value(str(entry.rank), order=entry.rank.first + entry.rank.last / 1000)


def _group(entry: Entry) -> Value:
    return Value(entry.letters, order=float(ord(entry.letters[0]))) if entry.letters else Value("–")


def _seeds(entry: Entry) -> Value:
    many = len(entry.seeds) > _MOST_SEEDS
    text = f"{len(entry.seeds)} seeds" if many else " ".join(map(str, entry.seeds)) or "–"
    if entry.failed:
        text = f"{len(entry.seeds) - entry.failed} of {len(entry.seeds)} seeds"
    return Value(text, order=float(len(entry.seeds)))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"

"""A comparison as text: for the terminal, for Markdown, and as CSV or JSON with every digit."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rnnbench.results.group import Column, Group
from rnnbench.results.metric import format_value, speed_title
from rnnbench.results.pairs import Pair, against, pairs_of
from rnnbench.results.record import Result
from rnnbench.results.significance import LEVEL
from rnnbench.results.statistics.summary import Summary
from rnnbench.results.table import Comparison, Table
from rnnbench.safe_files import csv_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

# More are counted, not listed.
_MOST_SEEDS = 5
PAIR_HEADERS = ("pair", "difference", "95% interval of all pairs together", "effect (Hedges' g)", "corrected p")


@dataclass(frozen=True)
class Cell:
    """A cell's text and whether it holds the best value of its column."""

    text: str
    best: bool = False


def render_terminal(comparison: Comparison, console: Console, pairs: bool = False) -> None:
    """Print the tables with rich, leading values in bold; a narrow terminal shows the leading metric only.

    Args:
        comparison: The tables.
        console: Where to print.
        pairs: Whether every pair of rows is shown, too.
    """
    from rich.text import Text

    for table in comparison.tables:
        leading = [column for column in table.shown if table.leading and column.metric == table.leading.metric]
        drawn = _draw(table, table.shown)
        for columns, has_costs in ((leading, True), (leading, False)):
            if console.measure(drawn, options=console.options.update(width=1000)).minimum <= console.width:
                break
            drawn = _draw(table, columns, has_costs)
        console.print(drawn)
        console.print(Text(" ".join(table.notes())))
        if len(drawn.columns) < len(headers_of(table, table.shown)):
            console.print(Text("A wider terminal shows more."))
        if pairs and (lines := pair_cells(table)):
            console.print(_drawn("Pairs", PAIR_HEADERS, lines))
        console.print()
    for note in comparison.notes:
        console.print(Text(note))


def render_markdown(comparison: Comparison, pairs: bool = False) -> str:
    """The tables in Markdown, leading values in bold.

    Args:
        comparison: The tables.
        pairs: Whether every pair of rows is shown, too.
    """
    blocks = []
    for table in comparison.tables:
        blocks += [
            f"### {_plain(_title(table))}",
            markdown_table(headers_of(table, table.shown), rows_of(table, table.shown)),
        ]
        if pairs and (lines := pair_cells(table)):
            blocks.append(markdown_table(PAIR_HEADERS, lines))
        blocks += [_plain(" ".join(table.notes()))]
    return "\n\n".join([*blocks, *map(_plain, comparison.notes)]) + "\n"


def render_csv(comparison: Comparison) -> str:
    """All runs as one CSV with unrounded numbers; ``table`` counts the tables, and rows of two are not compared.

    ``row`` counts the rows of a table; runs of one row differ in the seed alone.
    """
    columns = list(dict.fromkeys(column for table in comparison.tables for column in table.columns))
    fixed = [
        "table",
        "application",
        "dataset",
        "fingerprint",
        "row",
        "rank",
        "group",
        "run",
        "model",
        "baseline",
        "seed",
    ]
    cost = ["parameters", "epochs", "tokens_per_second", "minutes", "selection", "budget", "status", "tests"]
    names = [f"{column.split}_{column.metric}{suffix}" for column in columns for suffix in ("", "_signature")]
    rows: list[Iterable[object]] = [fixed + cost + names]
    for number, table in enumerate(comparison.tables, start=1):
        for place, group in enumerate(table.groups):
            rank = table.verdict.ranks[place] if table.verdict else None
            letters = table.verdict.letters[place] if table.verdict and table.verdict.letters else None
            for result in (run.result for run in group.runs):
                data = [result.application, result.data.dataset, result.data.fingerprint]
                training = result.training
                head = [number, *data, place + 1, rank, letters, result.run, result.model]
                spent = [result.parameters, training.epochs, training.tokens_per_second, training.wall_seconds / 60]
                values = [entry for column in columns for entry in _measured(result, column)]
                conditions = [result.selection, result.budget, result.status, len(result.tests)]
                row = [*head, str(result.baseline).lower(), result.seed, *spent, *conditions, *values]
                rows.append(map(safe_cell, row))
    return csv_text(rows)


def render_json(comparison: Comparison) -> str:
    """Everything a comparison knows: protocols, rows with intervals, the p value of every pair."""
    content = {"tables": [_table_content(table) for table in comparison.tables], "notes": comparison.notes}
    return json.dumps(content, indent=2) + "\n"


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A Markdown table: first column to the left, numbers to the right, best values in bold."""
    lines = [[_escape(header) for header in headers], ["---"] + ["---:"] * (len(headers) - 1)]
    lines += [[f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(table: Table) -> str:
    return f"{table.protocol.application}: {table.dataset} (fingerprint {table.protocol.fingerprint})"


def _draw(table: Table, columns: list[Column], has_costs: bool = True) -> RichTable:
    return _drawn(_title(table), headers_of(table, columns, has_costs), rows_of(table, columns, has_costs))


def _drawn(title: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    drawn.add_column(headers[0], overflow="fold")
    cells = list(zip(*rows, strict=True))[1:]
    for header, column in zip(headers[1:], cells, strict=True):
        # One word a line: a column that may not wrap keeps its digits, and the model's name gives way.
        width = max(len(cell.text) for cell in column)
        drawn.add_column(Text(header.replace(" ", "\n")), justify="right", no_wrap=True, min_width=width)
    for row in rows:
        drawn.add_row(*(Text(cell.text, style="bold green" if cell.best else "") for cell in row))
    return drawn


def pair_cells(table: Table) -> list[list[Cell]]:
    """Every pair of rows that was tested, as the cells below `PAIR_HEADERS`; those that are told apart in bold."""
    lines = []
    for pair in pairs_of(table):
        told = Cell(f"{pair.corrected:.2g}", pair.corrected <= LEVEL)
        lines.append([Cell(" - ".join(pair.models)), *_gap(pair), told])
    return lines


def _gap(pair: Pair | None) -> list[Cell]:
    """Difference, its interval, and effect."""
    if pair is None:
        return [Cell("-")] * 3
    between = "-" if pair.low is None else f"{pair.low:.4g} to {pair.high:.4g}"
    effect = "-" if pair.effect is None else f"{pair.effect:.2f}"
    return [Cell(f"{pair.difference:.4g}"), Cell(between), Cell(effect)]


def headers_of(table: Table, columns: list[Column], has_costs: bool = True) -> list[str]:
    """The heads of a table's columns."""
    certainty = ["95% interval", "difference", "its interval", "effect", "p"] if table.verdict else []
    if table.verdict and table.verdict.reference is None:
        certainty = ["rank", "group", *certainty]
    costs = ["parameters", "epochs", speed_title(table.protocol.application), "minutes"] if has_costs else []
    return ["model", *certainty, *costs, *map(str, columns), "seed"]


def rows_of(table: Table, columns: list[Column], has_costs: bool = True) -> list[list[Cell]]:
    """Its rows, the best first."""
    lines, gaps = [], against(table)
    for place, (label, group) in enumerate(zip(table.labels(), table.groups, strict=True)):
        values = [_summary(group.summaries.get(column), table.leads(place, column)) for column in columns]
        costs = _costs(group) if has_costs else []
        lines.append(
            [Cell(label), *_certainty(table, place, gaps[place]), *costs, *values, Cell(seeds_of(group, table.leading))]
        )
    return lines


def _certainty(table: Table, place: int, pair: Pair | None) -> list[Cell]:
    """Rank and letters among all pairs; interval of the leading metric; difference from one row, effect, p."""
    verdict, leading = table.verdict, table.leading
    if verdict is None or leading is None:
        return []
    rank = verdict.ranks[place]
    summary = table.groups[place].summaries.get(leading)
    between = "-"
    if summary and summary.low is not None:
        between = f"{format_value(summary.low)} to {format_value(summary.high)}"
    letters = verdict.letters[place] if verdict.letters else ""
    p = Cell("-" if pair is None else f"{pair.corrected:.2g}")
    places = [Cell(str(rank or "-")), Cell(letters or "-")] if verdict.reference is None else []
    return [*places, Cell(between), *_gap(pair), p]


def _costs(group: Group) -> list[Cell]:
    """Parameters, and means over the seeds."""
    results = [run.result for run in group.runs]
    speeds = [result.training.tokens_per_second for result in results if result.training.tokens_per_second is not None]
    return [
        Cell(f"{group.first.parameters:,}"),
        Cell(f"{fmean(result.training.epochs for result in results):.4g}"),
        Cell(f"{fmean(speeds):,.0f}" if speeds else "-"),
        Cell(f"{fmean(result.training.wall_seconds for result in results) / 60:.1f}"),
    ]


def seeds_of(group: Group, column: Column | None) -> str:
    """The seeds, and how many of them came to something: ``4 of 6 seeds``."""
    failed = len(group.failures(column)) if column else 0
    if failed:
        return f"{len(group.runs) - failed} of {len(group.runs)} seeds"
    if len(group.seeds) > _MOST_SEEDS:
        return f"{len(group.seeds)} seeds"
    return " ".join(map(str, group.seeds)) or "-"


def _summary(summary: Summary | None, leads: bool) -> Cell:
    if summary is None:
        return Cell(format_value(None))
    spread = "" if summary.deviation is None else f" ± {summary.deviation:.2g}"
    return Cell(format_value(summary.mean) + spread, leads)


def _table_content(table: Table) -> dict[str, Any]:
    protocol, verdict = table.protocol, table.verdict
    metrics = {str(Column(*key)): signature for key, signature in protocol.metrics.items()}
    conditions = {**dataclasses.asdict(protocol), "metrics": metrics, "hash": protocol.hash}
    rows = []
    for place, (label, group) in enumerate(zip(table.labels(), table.groups, strict=True)):
        values = {str(column): _finite(dataclasses.asdict(one)) for column, one in group.summaries.items()}
        runs = [{"folder": str(run.folder), "seed": run.result.seed} for run in group.runs]
        rank = verdict.ranks[place] if verdict else None
        letters = verdict.letters[place] if verdict and verdict.letters else None
        failed = [str(run.folder) for run in group.failures(table.leading)] if table.leading else []
        learned = verdict.learned.counts[place] if verdict and verdict.learned else None
        rows.append(
            {"model": label, "rank": rank, "letters": letters, "runs": runs, "failed": failed, "learned": learned}
            | {"values": values}
        )
    tests = verdict.tests if verdict else []
    pairs = [_finite(dataclasses.asdict(pair)) for pair in pairs_of(table)]
    return {
        "dataset": table.dataset,
        "protocol": conditions,
        "rows": rows,
        "tests": tests,
        "pairs": pairs,
        "notes": table.notes(),
    }


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Strict JSON knows no number that is not finite."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }


def _measured(result: Result, column: Column) -> tuple[float | None, str | None]:
    metric = result.metrics.get(column.split, {}).get(column.metric)
    return (metric.value, metric.signature) if metric else (None, None)


def _plain(text: str) -> str:
    # Names and messages come from files: in Markdown a tag would be HTML.
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())


def _escape(text: str) -> str:
    # A bar would end a cell.
    return _plain(text).replace("|", "\\|")


def safe_cell(value: object) -> object:
    """A cell of a CSV file: text that a spreadsheet would run as a formula begins with an apostrophe.

    Args:
        value: A number, None or text, which may be a name from somebody's file.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value

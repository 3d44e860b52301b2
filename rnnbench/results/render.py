"""A comparison as text: for the terminal, for Markdown, and as CSV with every digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnnbench.results.metric import format_value
from rnnbench.results.record import Result
from rnnbench.results.table import Column, Comparison, Table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable


@dataclass(frozen=True)
class Cell:
    """A cell's text and whether it holds the best value of its column."""

    text: str
    best: bool = False


def render_terminal(comparison: Comparison, console: Console) -> None:
    """Print the tables with rich, the best values in bold; a narrow terminal shows the leading metric only."""
    from rich.text import Text

    for table in comparison.tables:
        notes, drawn = table.notes(), _draw(table, table.shown)
        leading = [column for column in table.shown if table.leading and column.metric == table.leading.metric]
        needed = console.measure(drawn, options=console.options.update(width=1000)).minimum
        if needed > console.width and leading != table.shown:
            drawn = _draw(table, leading)
            notes.append("A wider terminal shows more metrics.")
        console.print(drawn)
        console.print(Text(" ".join(notes)))
        console.print()
    for note in comparison.notes:
        console.print(Text(note))


def render_markdown(comparison: Comparison) -> str:
    """The tables in Markdown, the best values in bold."""
    blocks = []
    for table in comparison.tables:
        blocks += [f"### {_title(table)}", markdown_table(_headers(table.shown), _rows(table, table.shown))]
        blocks += [" ".join(table.notes())]
    return "\n\n".join(blocks + comparison.notes) + "\n"


def render_csv(comparison: Comparison) -> str:
    """All tables as one CSV with unrounded numbers; ``table`` counts the tables, and rows of two are not compared."""
    columns = list(dict.fromkeys(column for table in comparison.tables for column in table.columns))
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    fixed = ["table", "application", "dataset", "fingerprint", "run", "model", "baseline", "seed"]
    cost = ["parameters", "epochs", "tokens_per_second", "minutes"]
    names = [f"{column.split}_{column.metric}{suffix}" for column in columns for suffix in ("", "_signature")]
    writer.writerow(fixed + cost + names)
    for number, table in enumerate(comparison.tables, start=1):
        for run in table.runs:
            result, training = run.result, run.result.training
            head = [number, table.application, table.dataset, table.fingerprint, result.run, result.model]
            spent = [result.parameters, training.epochs, training.tokens_per_second, training.wall_seconds / 60]
            values = [entry for column in columns for entry in _measured(result, column)]
            writer.writerow([*head, str(result.baseline).lower(), result.seed, *spent, *values])
    return output.getvalue()


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A Markdown table: first column to the left, numbers to the right, best values in bold."""
    lines = [[_escape(header) for header in headers], ["---"] + ["---:"] * (len(headers) - 1)]
    lines += [[f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _title(table: Table) -> str:
    return f"{table.application}: {table.dataset} (fingerprint {table.fingerprint})"


def _draw(table: Table, columns: list[Column]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(
        title=Text(_title(table)), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    drawn.add_column("model", overflow="fold")
    for header in _headers(columns)[1:]:
        # One word a line: a column that may not wrap keeps its digits, and the model's name gives way.
        drawn.add_column(Text(header.replace(" ", "\n")), justify="right", no_wrap=True)
    for row in _rows(table, columns):
        drawn.add_row(*(Text(cell.text, style="bold green" if cell.best else "") for cell in row))
    return drawn


def _headers(columns: list[Column]) -> list[str]:
    return ["model", "parameters", "epochs", "tokens/s", "minutes", *map(str, columns), "seed"]


def _rows(table: Table, columns: list[Column]) -> list[list[Cell]]:
    best = {column: table.best(column) for column in columns}
    return [_row(label, run.result, best) for label, run in zip(table.labels(), table.runs, strict=True)]


def _row(label: str, result: Result, best: dict[Column, float | None]) -> list[Cell]:
    training = result.training
    speed = "-" if training.tokens_per_second is None else f"{training.tokens_per_second:,.0f}"
    values = {column: result.value(column.split, column.metric) for column in best}
    return [
        Cell(label),
        Cell(f"{result.parameters:,}"),
        Cell(f"{training.epochs:.4g}"),
        Cell(speed),
        Cell(f"{training.wall_seconds / 60:.1f}"),
        *(Cell(format_value(value), value is not None and value == best[column]) for column, value in values.items()),
        Cell("-" if result.seed is None else str(result.seed)),
    ]


def _measured(result: Result, column: Column) -> tuple[float | None, str | None]:
    metric = result.metrics.get(column.split, {}).get(column.metric)
    return (metric.value, metric.signature) if metric else (None, None)


def _escape(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())

"""The tables of RESULTS.md, rendered from the committed rows between two markers.

A table stands between ``<!-- results:NAME -->`` and ``<!-- /results -->``, each on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.metric import better, comparable, format_value, metric_title, speed_title
from rnnbench.results.render import Cell, markdown_table
from rnnbench.results.rows import Row

_OPEN = re.compile(r"^<!-- results:([\w.-]+) -->$", re.MULTILINE)
_CLOSE = "<!-- /results -->"


def render(rows: Sequence[Row], table: str) -> str:
    """A table's rows in Markdown: one table for every set of values that may be compared.

    Args:
        rows: All committed rows.
        table: The name of the table.
    """
    chosen = [row for row in rows if row.table == table]
    if not chosen:
        raise UserError(f"no results table {table!r}", hint=did_you_mean(table, (row.table for row in rows)))
    groups: list[list[Row]] = []
    # Rows that were not run yet have no fingerprint: they stand with the first results on the same data.
    for row in sorted(chosen, key=lambda row: row.value is None):
        group = next((group for group in groups if _belongs(row, group[0])), None)
        if group is None:
            groups.append(group := [])
        group.append(row)
    for group in groups:
        group.sort(key=chosen.index)
    return "\n\n".join(_render_group(group) for group in groups)


def update_page(text: str, rows: Sequence[Row], where: Path) -> str:
    """``text`` with every table between markers rendered anew; the rest is left as it is.

    Args:
        text: The page.
        rows: All committed rows.
        where: The page's path, for messages.
    """
    parts: list[str] = []
    end = 0
    for marker in _OPEN.finditer(text):
        close = text.find(f"\n{_CLOSE}", marker.end())
        following = _OPEN.search(text, marker.end())
        if close < 0 or (following and following.start() < close):
            raise UserError(f"{marker[0]} is not closed", where=where, hint=f"put {_CLOSE} on a line after it")
        try:
            rendered = render(rows, marker[1])
        except UserError as error:
            raise UserError(error.problem, where=where, hint=error.hint) from None
        parts += [text[end : marker.end()], "\n\n", rendered, "\n"]
        end = close
    return "".join([*parts, text[end:]])


def _belongs(row: Row, first: Row) -> bool:
    if row.value is None:
        return row.metric == first.metric and row.of_same_data(first)
    return row.comparable_with(first)


def _render_group(rows: list[Row]) -> str:
    run = [row for row in rows if row.value is not None]
    metric = metric_title(rows[0].metric)
    has_published = any(row.published is not None for row in rows)
    headers = ["model", f"validation {metric}", f"test {metric}"]
    headers += ["published", "reproduced"] if has_published else []
    headers += ["parameters", "epochs", "minutes", speed_title(rows[0].application), "seeds", "config"]
    blocks = [_caption(rows[0], run), markdown_table(headers, _cells(rows, has_published))]
    notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
    return "\n\n".join([*blocks, "\n".join(notes)] if notes else blocks)


def _caption(first: Row, run: list[Row]) -> str:
    direction = f"{better(first.metric)} is better"
    if not run:
        return f"Data: {first.dataset}; {direction}. Not run yet."
    hardware = " / ".join(dict.fromkeys(row.hardware for row in run if row.hardware))
    measured = (
        f"Data: {first.dataset}, fingerprint `{run[0].fingerprint}`; `{comparable(run[0].signature)}`, {direction}."
    )
    return f"{measured} Times on {hardware}." if hardware else measured


def _cells(rows: list[Row], has_published: bool) -> list[list[Cell]]:
    lines = []
    for row in rows:
        line = [
            Cell(row.name),
            _measured(row.validation, row.validation_deviation),
            _measured(row.test, row.test_deviation),
        ]
        if has_published:
            line += [Cell(_published(row)), Cell(_reproduced(row))]
        line += [
            Cell("-" if row.parameters is None else f"{row.parameters:,}"),
            Cell("-" if row.epochs is None else f"{row.epochs:.4g}"),
            Cell("-" if row.minutes is None else f"{row.minutes:.1f}"),
            Cell("-" if row.tokens_per_second is None else f"{row.tokens_per_second:,.0f}"),
            Cell(" ".join(map(str, row.seeds)) or "-"),
            Cell(f"`{row.config}`"),
        ]
        lines.append(line)
    return lines


def _measured(value: float | None, deviation: float | None) -> Cell:
    return Cell(format_value(value) + ("" if deviation is None else f" ± {deviation:.2g}"))


def _published(row: Row) -> str:
    return "-" if row.published is None else f"{format_value(row.published)} ({row.published_source})"


def _reproduced(row: Row) -> str:
    if row.reproduced is None:
        return "-"
    seeds = f"{len(row.seeds)} seed{'s' if len(row.seeds) != 1 else ''}"
    return f"{row.reproduced} (±{row.tolerance:g}, {seeds})"

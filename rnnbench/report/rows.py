"""The committed rows of ``configs/results.csv`` as rankings."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rnnbench.errors import UserError
from rnnbench.report.cards import card_of
from rnnbench.report.content import Content, Cost, Entry, Published, Section, Source
from rnnbench.report.row_tests import RowTests, test_rows, value_of
from rnnbench.report.text import slug, words
from rnnbench.results.group import Column
from rnnbench.results.metric import badness, better, comparable
from rnnbench.results.rows import Row
from rnnbench.results.statistics.summary import Summary


def content_of_rows(rows: Sequence[Row], cells: Collection[str] = ()) -> Content:
    """The rankings of committed rows: one for every set of values that may be compared.

    Args:
        rows: The rows; those without a value only say what is published.
        cells: Names of the cells there are: rows older than the column name theirs in the model's name.
    """
    if not any(row.value is not None for row in rows):
        raise UserError("none of the committed rows has a value", hint="record a finished run: rnnbench record RUN")
    groups: list[list[Row]] = []
    for row in rows:
        if row.value is None:
            continue
        found = next((one for one in groups if one[0].table == row.table and all(map(row.ranked_with, one))), None)
        if found is None:
            groups.append([row])
        else:
            found.append(row)
    keys: dict[str, int] = {}
    sections = [_section(group, rows, cells, keys) for group in groups]
    count = sum(len(group) for group in groups)
    return Content(sections, source=f"{count:,} committed rows of configs/results.csv")


def _section(group: list[Row], rows: Sequence[Row], cells: Collection[str], keys: dict[str, int]) -> Section:
    first = group[0]
    split = "test" if all(row.test is not None for row in group) else "validation"
    leading = Column("test" if split == "test" else "validation", first.metric)
    other = Column("validation", first.metric)
    columns = tuple(
        column for column in dict.fromkeys((other, leading)) if any(value_of(row, column) is not None for row in group)
    )
    group = sorted(group, key=lambda row: (badness(row.metric, value_of(row, leading)), row.name))
    key = slug(first.table)
    keys[key] = keys.get(key, 0) + 1
    card = card_of(first.dataset)
    tests = test_rows(group, leading)
    budgets = dict.fromkeys(row.allowed.replace(":", " ").replace("|", ", ") for row in group if row.allowed)
    notes = [f"Sorted by {leading}, {better(first.metric)} is better ({comparable(first.signature)}).", *tests.notes]
    return Section(
        key=key if keys[key] == 1 else f"{key}-{keys[key]}",
        application=first.application,
        dataset=first.dataset,
        title=card.title if card else words(first.dataset),
        budget=" / ".join(budgets),
        conditions=f"table {first.table}",
        fingerprint=first.fingerprint,
        signature=comparable(first.signature),
        leading=leading,
        columns=columns,
        entries=tuple(
            _entry(row, columns, leading, tests, place, _cell(row, cells)) for place, row in enumerate(group)
        ),
        notes=tuple(notes),
        anchors=tuple(
            dict.fromkeys(
                Published(row.published, row.published_source)
                for row in rows
                if row.published is not None and row.metric == first.metric and row.of_same_data(first)
            )
        ),
        card=card,
    )


def _entry(
    row: Row,
    columns: Sequence[Column],
    leading: Column,
    tests: RowTests,
    place: int,
    cell: str | None,
) -> Entry:
    costs: dict[Cost, float | None] = {
        "parameters": row.parameters,
        "flops": row.flops,
        "seconds": None if row.minutes is None else row.minutes * 60,
        "memory": row.memory_bytes,
    }
    values = {column: _summary(row, column, column == leading) for column in columns}
    source = Source(
        name=row.name,
        seed=row.seeds[0] if len(row.seeds) == 1 else None,
        value=row.value,
        folder=None,
        command=row.command,
        config=row.config,
        commit=row.commit or None,
        hardware=row.hardware,
        versions=row.versions,
        finished=row.date or None,
    )
    published = None
    if row.published is not None:
        published = Published(row.published, row.published_source, row.tolerance, row.reproduced)
    return Entry(
        label=row.name,
        cell=cell,
        baseline=cell is None,
        rank=tests.ranks[place],
        letters=tests.letters[place],
        leads=tests.leads(place),
        p=pair.corrected if (pair := tests.against[place]) else None,
        against=pair,
        values={column: summary for column, summary in values.items() if summary is not None},
        seed_values=row.seed_values,
        costs={name: value for name, value in costs.items() if value is not None},
        epochs=row.epochs,
        speed=row.tokens_per_second,
        seeds=row.seeds,
        sources=(source,),
        published=published,
        note=row.note,
    )


def _summary(row: Row, column: Column, leads: bool) -> Summary | None:
    """Mean and deviation; an interval only where the row keeps the value of every seed."""
    value = value_of(row, column)
    if value is None:
        return None
    if leads and len(row.seed_values) > 1:
        from rnnbench.results.statistics.seeds import summarise

        return summarise([row.seed_values])[0]
    return Summary(value, row.test_deviation if column.split == "test" else row.validation_deviation)


def _cell(row: Row, cells: Collection[str]) -> str | None:
    """The row's cell: by its column, or else the longest name of a cell that is a word of the model's name."""
    if row.cell:
        return row.cell
    parts = {part.removeprefix("Bi") for part in row.name.replace("-", " ").replace(",", " ").split()}
    return max((cell for cell in cells if cell in parts), key=len, default=None)

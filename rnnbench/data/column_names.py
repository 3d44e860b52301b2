"""Columns by the names that applications read, whatever they are called in the data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rnnbench.data.formats.records import text_rows
from rnnbench.data.lazy import each
from rnnbench.data.source import Document, Row, Source, Split, text_of
from rnnbench.errors import UserError, did_you_mean

ColumnNames = dict[str, str]
"""What a column is called in the data by what it is read as: ``{text: review, label: stars}``."""


def rows_of(source: Source, split: Split, columns: ColumnNames | None) -> Sequence[Row]:
    """The rows of a split for an application that reads text.

    Args:
        source: Where they come from.
        split: The split.
        columns: What columns are called there, where that is something else.

    Raises:
        UserError: A column is not there.
    """
    if not columns:
        return source.rows(split)
    return text_rows(records_of(source, split, columns), "text", where=f"{source.dataset}, {split}")


def documents_of(source: Source, split: Split, columns: ColumnNames | None) -> Sequence[str | Document]:
    """The texts of a split, for an application that reads nothing else of it; arguments as for `rows_of`."""
    if not columns:
        return source.documents(split)
    rows = rows_of(source, split, columns)
    return each(rows, lambda row, number: text_of(row, partial(source.place, split, number)))


def records_of(source: Source, split: Split, columns: ColumnNames | None) -> Sequence[Row]:
    """The records of a split, for an application that reads other columns than text; arguments as for `rows_of`."""
    records = source.records(split)
    return _renamed(records, columns, f"{source.dataset}, {split}") if columns else records


def _renamed(records: Sequence[Row], columns: ColumnNames, where: str) -> Sequence[Row]:
    def renamed(record: Row, number: int) -> Row:
        for found in columns.values():
            if found not in record:
                raise UserError(
                    f"{where}, row {number + 1}, has no column {found!r}",
                    where="--data.columns",
                    hint=did_you_mean(found, record),
                )
        named = {name: record[found] for name, found in columns.items()}
        return {**{name: one for name, one in record.items() if name not in columns.values()}, **named}

    return each(records, renamed)

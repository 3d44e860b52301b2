"""Records, of JSON lines, Parquet or the hub, as rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rnnbench.data.formats.class_names import features_of, name_classes
from rnnbench.data.formats.text_file import decode
from rnnbench.data.source import Row
from rnnbench.errors import UserError, did_you_mean


def read_json_lines(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The records of a ``.jsonl`` file, one JSON object a line; empty lines are skipped."""
    records = []
    # Not `splitlines`: U+2028 may stand inside a JSON string.
    for number, line in enumerate(decode(data, path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"line {number} is not JSON: {error.msg} (column {error.colno})", where=path) from None
        if not isinstance(record, dict):
            raise UserError(f"line {number} is no JSON object but {type(record).__name__}", where=path)
        records.append(record)
    return records


def read_parquet(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The records of a Parquet file; classes come by their names where the file has them."""
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"not a Parquet file: {str(error).splitlines()[0]}", where=path) from None
    return name_classes(table.to_pylist(), features_of(table.schema.metadata))


RECORD_READERS: dict[str, Callable[[bytes, Path], list[dict[str, Any]]]] = {
    ".jsonl": read_json_lines,
    ".parquet": read_parquet,
}


def text_rows(records: Iterable[dict[str, Any]], column: str, where: object) -> list[Row]:
    """Rows whose ``text`` is a column of the records; the other columns stay as they are.

    Records without that column are taken as they are if they hold ``tokens``: sentences in words already.

    Args:
        records: The records.
        column: Name of the column with the text.
        where: Where they come from, for the error.

    Raises:
        UserError: A record has no such column, or something else than text in it.
    """
    rows = []
    for number, record in enumerate(records, start=1):
        if column not in record and "tokens" in record:
            rows.append(record)
            continue
        if column not in record:
            raise UserError(
                f"record {number} has no column {column!r}; there are: {', '.join(record) or 'none'}",
                where=where,
                hint=f"--data.source.column names the text; {did_you_mean(column, record)}",
            )
        text = record[column]
        if not isinstance(text, str):
            raise UserError(
                f"column {column!r} of record {number} holds no text but {type(text).__name__}",
                where=where,
                hint=f"--data.source.column names the text; there are: {', '.join(record)}",
            )
        rows.append({**{name: value for name, value in record.items() if name != column}, "text": text})
    return rows

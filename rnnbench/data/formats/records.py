"""Records, of JSON, JSON lines, Parquet or the hub, as rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rnnbench.data.formats.arrow import NO_PARQUET, SENSELESS
from rnnbench.data.formats.class_names import features_of, name_classes
from rnnbench.data.formats.text_file import decode, lines_of
from rnnbench.data.formats.trees import read_tree_file
from rnnbench.data.lazy import each
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import reading

# More than any record of a data set needs, and less than what recursion over it would take.
_DEEPEST = 100


def json_lines(pieces: Iterable[str], path: Path) -> Iterator[Row]:
    """The records of a ``.jsonl`` file, one JSON object a line; empty lines are skipped.

    Args:
        pieces: The file's content, in order.
        path: The file, for errors.

    Raises:
        UserError: A line is no JSON object; names it.
    """
    for number, line in enumerate(lines_of(pieces), start=1):
        if not line.strip():
            continue
        record = parse_json(line.removesuffix("\n"), path, number)
        if not isinstance(record, dict):
            raise UserError(f"line {number} is no JSON object but {type(record).__name__}", where=path)
        yield record


def read_json(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The records of a ``.json`` file: a list of JSON objects, or one object a line as in a ``.jsonl`` file."""
    text = decode(data, path)
    if text.lstrip()[:1] != "[":
        return list(json_lines([text], path))
    records = parse_json(text, path)
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise UserError(f"record {number} is no JSON object but {type(record).__name__}", where=path)
    return records


def parse_json(text: str, where: object, line: int = 1) -> Any:
    """What a JSON text says.

    Args:
        text: The text.
        where: The file.
        line: On which line of the file it begins.

    Raises:
        UserError: It is no JSON, or holds what nothing can be made of: half a character, thousands of brackets.
    """
    with reading(where, f"what begins on line {line} is not JSON"):
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            place = f"line {line + error.lineno - 1} is not JSON"
            raise UserError(f"{place}: {error.msg} (column {error.colno})", where=where) from None
        if text.count("[") + text.count("{") > _DEEPEST and _depth(value) > _DEEPEST:
            raise RecursionError
    # An escape may stand for half of a character that takes two, which no file could hold.
    if "\\ud" in text.casefold():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise UserError(f"line {line} holds half a character (a lone surrogate)", where=where) from None
    return value


def read_parquet(data: bytes, path: Path) -> list[dict[str, Any]]:
    """The records of a Parquet file; classes come by their names where the file has them."""
    import pyarrow
    import pyarrow.parquet

    with reading(path, NO_PARQUET):
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data)).read()
        # Damage may lie in places that only a check of every value finds.
        table.validate(full=True)
        records = table.to_pylist()
    with reading(path, SENSELESS, "write it without them"):
        return name_classes(records, features_of(table.schema.metadata))


RECORD_READERS: dict[str, Callable[[bytes, Path], list[dict[str, Any]]]] = {
    ".ptb": read_tree_file,
    ".mrg": read_tree_file,
    ".jsonl": lambda data, path: list(json_lines([decode(data, path)], path)),
    ".json": read_json,
    ".parquet": read_parquet,
}


def text_rows(records: Sequence[Row], column: str, where: object) -> Sequence[Row]:
    """Rows whose ``text`` is a column of the records; the other columns stay as they are.

    Records without that column are taken as they are if they hold ``tokens``, in words already, or a ``tree``.

    Args:
        records: The records.
        column: Name of the column with the text.
        where: Where they come from, for the error.

    Raises:
        UserError: A record has no such column, or something else than text in it; of lazy records when it is taken.
    """

    def named(record: Row, number: int) -> Row:
        if column not in record and ("tokens" in record or "tree" in record):
            return record
        if column not in record:
            raise UserError(
                f"record {number + 1} has no column {column!r}; there are: {', '.join(record) or 'none'}",
                where=where,
                hint=_naming(column, record),
            )
        text = record[column]
        if not isinstance(text, str):
            raise UserError(
                f"column {column!r} of record {number + 1} holds no text but {type(text).__name__}",
                where=where,
                hint=f"{_naming(column, record)}; there are: {', '.join(record)}",
            )
        return {**{name: value for name, value in record.items() if name != column}, "text": text}

    return each(records, named)


def _naming(column: str, record: dict[str, Any]) -> str:
    """The hint for a column without text: what names it in every application, or the source's own option if it did."""
    others = {name: value for name, value in record.items() if name != column}
    if column == "text":
        return name_it(column, others)
    return f"--data.source.column names the text; {did_you_mean(column, others)}"


def _depth(value: Any) -> int:
    """How many lists and objects stand in each other, found without recursion."""
    depth = 0
    level = [value]
    while level:
        nested = [one for one in level if isinstance(one, dict | list)]
        depth += bool(nested)
        level = [child for one in nested for child in (one.values() if isinstance(one, dict) else one)]
    return depth

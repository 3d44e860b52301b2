"""Files in columns: CSV, TSV, and the files of CoNLL shared tasks."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rnnbench.data.formats.text_file import decode
from rnnbench.errors import UserError

Columns = Sequence[str] | None
"""Names of the columns of a file that has no line of names."""


def read_csv(data: bytes, path: Path, columns: Columns = None) -> list[dict[str, Any]]:
    """The records of a ``.csv`` file, quoted as spreadsheets do it; the first line names the columns.

    Args:
        data: The file's content.
        path: The file, for errors.
        columns: Names, where the first line holds data already.
    """
    reader = csv.reader(io.StringIO(decode(data, path), newline=""), strict=True)
    limit = csv.field_size_limit(sys.maxsize)
    try:
        return _records(((reader.line_num, row) for row in reader), path, columns)
    except csv.Error as error:
        raise UserError(f"line {reader.line_num} is not CSV: {error}", where=path) from None
    finally:
        csv.field_size_limit(limit)


def read_tsv(data: bytes, path: Path, columns: Columns = None) -> list[dict[str, Any]]:
    """The records of a ``.tsv`` file: a record a line, columns parted by tabs, quotation marks are text.

    Args:
        data: The file's content.
        path: The file, for errors.
        columns: Names, where the first line holds data already.
    """
    lines = decode(data, path).split("\n")
    return _records(((i, line.removesuffix("\r").split("\t")) for i, line in enumerate(lines, start=1)), path, columns)


def read_conll(data: bytes, path: Path, columns: Columns = None) -> list[dict[str, Any]]:
    """The sentences of a ``.conll`` file: a token a line, an empty line after a sentence.

    Columns are parted by spaces or tabs; ``-DOCSTART-`` lines are skipped.

    Args:
        data: The file's content.
        path: The file, for errors.
        columns: Names of the columns, ``tokens`` and ``tags`` among them; without names, the first one is ``tokens``,
            the last one ``tags``, and those between are left out.
    """
    sentences: list[list[list[str]]] = [[]]
    width = None if columns is None else len(columns)
    for number, line in enumerate(decode(data, path).split("\n"), start=1):
        # Not `split()`: a token may be a no-break space.
        fields = re.split(r"[ \t]+", line.strip(" \t\r"))
        if fields == [""] or fields[0] == "-DOCSTART-":
            sentences.append([])
            continue
        width = width or len(fields)
        if len(fields) != width or width < 2:
            expected = f"has {len(fields)} columns instead of {width}" if width > 1 else "has a token and no tag"
            raise UserError(f"line {number} {expected}: {line.strip()!r}", where=path)
        sentences[-1].append(fields)
    table = [list(zip(*sentence, strict=True)) for sentence in sentences if sentence]
    if columns is not None:
        return [{name: list(c) for name, c in zip(columns, sentence, strict=True)} for sentence in table]
    return [{"tokens": list(sentence[0]), "tags": list(sentence[-1])} for sentence in table]


COLUMN_READERS: dict[str, Callable[[bytes, Path, Columns], list[dict[str, Any]]]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".conll": read_conll,
}


def _records(lines: Iterator[tuple[int, list[str]]], path: Path, columns: Columns) -> list[dict[str, Any]]:
    filled = ((number, fields) for number, fields in lines if fields not in ([], [""]))
    names = list(columns) if columns is not None else next(filled, (0, []))[1]
    if len(set(names)) < len(names):
        raise UserError(f"two columns have one name: {', '.join(names)}", where=path)
    records = []
    for number, fields in filled:
        if len(fields) != len(names):
            raise UserError(
                f"line {number} has {len(fields)} columns instead of {len(names)}: {', '.join(names)}",
                where=path,
                hint="the first line names the columns, or else --data.source.columns does",
            )
        records.append(dict(zip(names, fields, strict=True)))
    return records

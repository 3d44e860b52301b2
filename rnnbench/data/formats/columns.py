"""Files in columns: CSV, TSV, and the files of CoNLL shared tasks."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rnnbench.data.formats.conll import read_conll, read_conllu
from rnnbench.data.formats.text_file import decode, lines_of, split_lines
from rnnbench.data.notice import tell
from rnnbench.data.source import Row
from rnnbench.errors import UserError

Columns = Sequence[str] | None
"""Names of the columns of a file that has no line of names."""

Line = tuple[int, list[str]]
"""Number of a line, from 1, and its fields; of a record of several lines that of the last one."""

# As a writer of CSV puts a field into quotes: those inside are doubled.
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def column_rows(pieces: Iterable[str], path: Path, columns: Columns = None) -> Iterator[Row]:
    """The records of a ``.csv`` file, quoted as spreadsheets do it, or of a ``.tsv`` file, a record a line.

    The first line names the columns. In a ``.tsv`` file quotation marks are text, unless the whole file is quoted in
    the way of CSV, which is said; to find out, all of it is held in memory.

    Args:
        pieces: The file's content, in order.
        path: The file, whose extension tells which of the two it is.
        columns: Names, where the first line holds data already.

    Raises:
        UserError: The file breaks its form; names the line.
    """
    filled = fields_of(pieces, path)
    names = list(columns) if columns is not None else next(filled, (0, []))[1]
    if len(set(names)) < len(names):
        raise UserError(f"two columns have one name: {', '.join(names)}", where=path)
    for number, fields in filled:
        if len(fields) != len(names):
            raise UserError(
                f"line {number} has {len(fields)} columns instead of {len(names)}: {', '.join(names)}",
                where=path,
                hint="the first line names the columns, or else --data.source.columns does",
            )
        yield dict(zip(names, fields, strict=True))


def _read_columns(data: bytes, path: Path, columns: Columns = None) -> list[Row]:
    return list(column_rows([decode(data, path)], path, columns))


COLUMN_READERS: dict[str, Callable[[bytes, Path, Columns], list[Row]]] = {
    ".csv": _read_columns,
    ".tsv": _read_columns,
    ".conll": read_conll,
    ".conllu": read_conllu,
}


def fields_of(pieces: Iterable[str], path: Path) -> Iterator[Line]:
    """The lines of a ``.csv`` or ``.tsv`` file that hold something.

    Args:
        pieces: The file's content, in order.
        path: The file, whose extension tells which of the two it is.

    Raises:
        UserError: The file breaks its form; names the line.
    """
    if path.suffix.lower() == ".csv":
        lines = _quoted(pieces, ",", path)
    elif _is_quoted(text := "".join(pieces)):
        tell(f"{path}: its fields are quoted as in CSV, and read without their quotation marks")
        lines = _quoted([text], "\t", path)
    else:
        if (marked := len(re.findall(rf"(?m)(?:^|\t){_QUOTED.pattern}(?=\t|\r?$)", text))) > 0:
            tell(f"{path}: {marked:,} fields stand in quotation marks, which are taken as a part of the text")
        lines = ((number, line.split("\t")) for number, line in enumerate(split_lines(text), start=1))
    return (line for line in lines if line[1] not in ([], [""]))


def _quoted(pieces: Iterable[str], delimiter: str, path: Path) -> Iterator[Line]:
    # A lone carriage return ends no line: where it is in no quotes, the reader refuses it.
    reader = csv.reader(lines_of(pieces), strict=True, delimiter=delimiter)
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        if "new-line" in str(error):
            problem, hint = "a lone carriage return, which ends no line here", "end all lines with a line feed"
            raise UserError(f"line {reader.line_num} holds {problem}", where=path, hint=hint) from None
        raise UserError(f"line {reader.line_num} is not {path.suffix[1:].upper()}: {error}", where=path) from None
    finally:
        csv.field_size_limit(limit)


def _is_quoted(text: str) -> bool:
    """Whether a TSV file was written with the quotes of CSV, which pandas and spreadsheets put where they are needed.

    Then a quotation mark never stands in a field without quotes, and there is a field that needs them: it holds a tab,
    a line break or doubled quotation marks; or all names of columns are in quotes.
    """
    if '"' not in text:
        return False
    whole = re.compile(rf"(?:{_QUOTED.pattern}|[^\t\n\"]*)")
    position, needed, first = 0, False, True
    all_named = True
    while position < len(text):
        found = whole.match(text, position)
        assert found is not None, "it matches nothing at least"
        field = found[0]
        position = found.end()
        end = text[position : position + 2]
        if end and end[0] not in "\t\n" and end != "\r\n":
            return False
        quoted = field.startswith('"')
        needed |= quoted and bool(re.search(r'""|[\t\n]', field[1:-1]))
        all_named &= quoted or not first
        first &= end[:1] == "\t"
        position += 2 if end == "\r\n" else 1
    return needed or all_named

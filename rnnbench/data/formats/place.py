"""On which line of a file a record stands: looked up once there is something to complain about."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from rnnbench.data.formats.text_file import decode


def place_in(path: Path, number: int, named: bool) -> str:
    """File and line of a record; of files without a line for each record, the number of the record.

    Args:
        path: A file that was read without an error.
        number: Number of the record, from 0.
        named: Whether the first line of a ``.csv`` or ``.tsv`` file names the columns.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".csv", ".tsv"):
        return f"{path}, record {number + 1}"
    text = decode(path.read_bytes(), path)
    if kind == ".csv":
        reader = csv.reader(io.StringIO(text, newline=""))
        # A record of several lines is named by its last one.
        lines = [reader.line_num for fields in reader if fields not in ([], [""])]
    else:
        lines = [i for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
    return f"{path}, line {lines[number + (named and kind != '.jsonl')]}"

"""On which line of a file a record stands: looked up once there is something to complain about."""

from __future__ import annotations

from pathlib import Path

from rnnbench.data.formats.columns import fields_of
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.formats.trees import lines_of_trees, looks_like_trees
from rnnbench.reading import read_file


def place_in(path: Path, number: int, named: bool) -> str:
    """File and line of a record; of files without a line for each record, the number of the record.

    Args:
        path: A file that was read without an error.
        number: Number of the record, from 0.
        named: Whether the first line of a ``.csv`` or ``.tsv`` file names the columns.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".csv", ".tsv", ".ptb", ".mrg", ".txt"):
        return f"{path}, record {number + 1}"
    data = read_file(path)
    if kind in (".ptb", ".mrg", ".txt"):
        text = decode(data, path)
        trees = kind != ".txt" or looks_like_trees(text)
        return f"{path}, line {lines_of_trees(text)[number]}" if trees else f"{path}, record {number + 1}"
    if kind == ".jsonl":
        lines = [i for i, line in enumerate(split_lines(decode(data, path)), start=1) if line.strip()]
    else:
        # A record of several lines is named by its last one.
        lines = [line for line, _ in fields_of([decode(data, path)], path)]
    return f"{path}, line {lines[number + (named and kind != '.jsonl')]}"

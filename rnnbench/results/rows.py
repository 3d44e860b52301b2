"""The results that are committed: ``configs/results.csv``, one row a result, written by a command and never by hand.

A row without values is one that was not run yet: it names its config and, where there is one, the published value that
it is to reproduce.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_type_hints

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.metric import badness, better, comparable, known_metrics
from rnnbench.safe_files import csv_text, read_text, replace_text

Reproduced = Literal["yes", "no, worse", "no, better"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One result, or one that is still to be run. The fields are the file's columns, in its order.

    Args:
        table: The table it stands in (letters, digits, ``_``, ``-``, ``.``).
        name: What the row is called there; a table has a name once.
        config: The shipped config it is made with, e.g. ``text_generation/ptb_small``.
        command: The command line that made it.
        dataset: Name of the data set, a label for readers.
        fingerprint: Fingerprint of the data, by which they are known.
        metric: Name of the metric.
        signature: How the test value was computed (the validation value where there is no test value).
        validation: Value on the validation split; the mean over several seeds.
        validation_deviation: Its sample standard deviation over the seeds, where there are several.
        test: Value on the test split; the mean over several seeds.
        test_deviation: Its sample standard deviation over the seeds, where there are several.
        published: The published value to compare with, on test where ``test`` is measured.
        published_source: Where it is published.
        tolerance: How far from published, in the metric's unit and either way, still counts as reproduced.
        seeds: The seeds it was run with, separated by blanks in the file.
        epochs: Epochs trained.
        parameters: Number of parameters.
        minutes: Training time by the clock.
        tokens_per_second: Training speed.
        hardware: What it ran on.
        versions: Packages it ran with.
        commit: Commit it ran at, or those of its seeds, separated by blanks; empty where one is not known.
        date: Day it ended.
        note: A sentence for the reader; this one is written by hand.
        cell: Name of the recurrent cell; empty for a model without one, and in rows older than this column.
        seed_values: The value of every seed, in the order of ``seeds``: on test, or on validation without test.
        flops: Floating-point operations of training.
        memory_bytes: Most memory held at once.
        selection: The rule by which the measured state of the model was chosen.
        budget: What training was allowed.
    """

    table: str
    name: str
    config: str
    command: str = ""
    dataset: str
    fingerprint: str = ""
    metric: str
    signature: str = ""
    validation: float | None = None
    validation_deviation: float | None = None
    test: float | None = None
    test_deviation: float | None = None
    published: float | None = None
    published_source: str = ""
    tolerance: float | None = None
    seeds: tuple[int, ...] = ()
    epochs: float | None = None
    parameters: int | None = None
    minutes: float | None = None
    tokens_per_second: float | None = None
    hardware: str = ""
    versions: str = ""
    commit: str = ""
    date: str = ""
    note: str = ""
    cell: str = ""
    seed_values: tuple[float, ...] = ()
    flops: float | None = None
    memory_bytes: int | None = None
    selection: str = ""
    budget: str = ""

    @property
    def application(self) -> str:
        """The application of its config."""
        return self.config.partition("/")[0]

    @property
    def value(self) -> float | None:
        """The value that stands for the row: on test, or on validation where it was not tested."""
        return self.validation if self.test is None else self.test

    @property
    def is_exact(self) -> bool:
        """Whether it has no noise: a model that is counted. Rows older than the column do not say so."""
        return self.memory_bytes is not None and not self.budget

    @property
    def reproduced(self) -> Reproduced | None:
        """Whether the value is that which was published; None where one is missing, or the commit that made ours."""
        if not self.commit or self.published is None or self.tolerance is None:
            return None
        return reproduced(self.metric, self.value, self.published, self.tolerance)

    def of_same_data(self, other: Row) -> bool:
        """Whether both are of the same data; one that was not run yet has their name alone."""
        if self.fingerprint and other.fingerprint:
            return self.fingerprint == other.fingerprint
        return self.dataset == other.dataset

    def comparable_with(self, other: Row) -> bool:
        """Whether the two values may be compared: same metric, same data, same way of measuring."""
        return self._measured() == other._measured()

    def ranked_with(self, other: Row) -> bool:
        """Whether the two may stand in one ranking: selection and budget are the same, too, or one is counted."""
        if not self.comparable_with(other):
            return False
        budgets, rules = {self.allowed, other.allowed} - {None}, {self.selection, other.selection} - {""}
        return len(budgets) < 2 and len(rules) < 2

    @property
    def allowed(self) -> str | None:
        """What training was allowed; what was spent stands for it in rows older than the column. None where counted."""
        if self.budget:
            return self.budget
        trained = self.memory_bytes is None and self.epochs is not None and (self.epochs != 1 or self.cell != "")
        return f"epochs:{self.epochs:g}" if trained else None

    def _measured(self) -> tuple[str, ...]:
        return self.application, self.fingerprint, self.metric, comparable(self.signature)


def reproduced(metric: str, value: float | None, published: float, tolerance: float) -> Reproduced | None:
    """How a value stands to a published one; a much better one was measured otherwise, or is another model's.

    Args:
        metric: Name of the metric.
        value: Our value.
        published: The published one.
        tolerance: How far apart, either way, is still the same.
    """
    if value is None or not math.isfinite(value):
        return None
    gap = badness(metric, value) - badness(metric, published)
    return "yes" if abs(gap) <= tolerance else "no, worse" if gap > 0 else "no, better"


COLUMNS = tuple(column.name for column in fields(Row))
# A file from before these columns is read as one in which they are empty.
_LATER = ("cell", "seed_values", "flops", "memory_bytes", "selection", "budget")


def read_rows(path: Path) -> list[Row]:
    """All rows of a results file; what is wrong in it is a ``UserError`` that names the line and the column."""
    lines = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = next(lines, [])
        _check_header(header, path)
        for line in lines:
            if line:
                rows.append(_parse(header, line))
        _check_names_once(rows)
    except (ValueError, csv.Error) as error:
        raise UserError(
            f"line {lines.line_num}: {error}", where=path, hint="mend the line, or record it again"
        ) from None
    return rows


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write the whole results file, or leave the old one as it is."""
    _check_names_once(rows)
    for row in rows:
        check_row(row)
    cells = [[_text(getattr(row, column)) for column in COLUMNS] for row in rows]
    replace_text(path, csv_text([COLUMNS, *cells]))


def _parse(header: list[str], line: list[str]) -> Row:
    if len(line) != len(header):
        raise ValueError(f"{len(line)} cells, expected {len(header)}")
    hints = get_type_hints(Row)
    row = Row(**{column: _value(column, hints[column], cell) for column, cell in zip(header, line, strict=True)})
    check_row(row)
    return row


def _value(column: str, hint: Any, cell: str) -> Any:
    text = cell.strip()
    try:
        if hint == tuple[int, ...]:
            return tuple(int(seed) for seed in text.split())
        if hint == tuple[float, ...]:
            return tuple(float(value) for value in text.split())
        if hint == float | None:
            return float(text) if text else None
        if hint == int | None:
            return int(text) if text else None
    except ValueError:
        raise ValueError(f"{column}: expected a number, found {cell!r}") from None
    return text


def _text(value: str | float | tuple[float, ...] | None) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return "" if value is None else " ".join(str(value).split())


def check_row(row: Row) -> None:
    """Raise what is wrong with a row as a ``ValueError``."""
    for column in ("table", "name", "config", "dataset", "metric"):
        if not getattr(row, column):
            raise ValueError(f"{column}: may not be empty")
    if not re.fullmatch(r"[\w.-]+", row.table):
        raise ValueError(f"table: {row.table!r} has signs other than letters, digits, '_', '-' and '.'")
    if better(row.metric) is None:
        raise ValueError(f"metric: unknown name {row.metric!r} ({did_you_mean(row.metric, known_metrics())})")
    for column in COLUMNS:
        value = getattr(row, column)
        for number in value if isinstance(value, tuple) else [value]:
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(f"{column}: {number} is not a result")
    if row.seed_values and len(row.seed_values) != max(len(row.seeds), 1):
        raise ValueError(f"seed_values: {len(row.seed_values)} values of {len(row.seeds)} seeds")
    if row.value is not None:
        missing = [column for column in ("command", "fingerprint", "signature") if not getattr(row, column)]
        if missing:
            raise ValueError(f"{missing[0]}: may not be empty where there is a value")
    if row.published is not None and not row.published_source:
        raise ValueError("published_source: a published value needs its source")
    if row.tolerance is not None and (row.published is None or row.tolerance < 0):
        raise ValueError("tolerance: must be 0 or more, and beside a published value")


def _check_header(header: list[str], path: Path) -> None:
    if tuple(header) in (COLUMNS, COLUMNS[: -len(_LATER)]):
        return
    unknown = [column for column in header if column not in COLUMNS]
    missing = [column for column in COLUMNS if column not in header]
    if unknown:
        problem = f"unknown column {unknown[0]!r} ({did_you_mean(unknown[0], COLUMNS)})"
    else:
        problem = f"missing columns: {', '.join(missing)}" if missing else "the columns are in another order"
    raise UserError(problem, where=path, hint=f"the first line reads: {','.join(COLUMNS)}")


def _check_names_once(rows: Sequence[Row]) -> None:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.table, row.name) in seen:
            raise ValueError(f"name: {row.name!r} stands twice in the table {row.table!r}")
        seen.add((row.table, row.name))

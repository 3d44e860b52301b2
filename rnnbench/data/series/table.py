"""Series out of a table: checked, in order, on the grid of their frequency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.series.clock import check_order, frequency_of, parse_times, positions
from rnnbench.data.series.columns import Columns, Roles, find_roles
from rnnbench.data.series.series import Series, SeriesTable
from rnnbench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_MISSING = ("", "na", "nan", "null", "none", "n/a", "<na>")


def series_of(frame: pd.DataFrame, columns: Columns, where: object, first_line: int | None = None) -> SeriesTable:
    """The series of a table.

    Args:
        frame: The table; what text stands in it is still to be read.
        columns: What its columns are.
        where: The file, for errors.
        first_line: Line of the file at which row 0 stands; None where rows have no lines.

    Raises:
        UserError: A column is not there; a value is text or infinite; times are wrong, repeated, out of order or leave
            a gap. The message names the place.
    """
    if not len(frame):
        raise UserError("there are no rows", where=where)
    roles = find_roles(columns, [str(name) for name in frame.columns], where)
    word, shift = ("row", 1) if first_line is None else ("line", first_line)
    places = [f"{where}, {word} {number + shift}" for number in range(len(frame))]
    if frame[roles.time].dtype == object and _numbers_only(frame[roles.time]):
        frame = frame.assign(**{roles.time: frame[roles.time].astype(str)})
    times = parse_times(frame[roles.time], places, columns.day_first, columns.timezone)
    rows = _rows_of(frame, roles)
    wanted = [*roles.values, *columns.known, *columns.seen, *columns.static]
    numbers = {name: _numbers(frame[name], name, places) for name in wanted}
    for name, at in rows.items():
        check_order(times[at], [places[i] for i in at], name)
    frequency = columns.frequency or frequency_of({name: times[at] for name, at in rows.items()})
    found = []
    for name, at in rows.items():
        here = [places[i] for i in at]
        steps = positions(times[at], frequency, here, name)
        _check_gaps(times[at], steps, frequency, columns, here, name)
        start = times[at][0]
        known = _on_grid([numbers[one][at] for one in columns.known], steps)
        seen = _on_grid([numbers[one][at] for one in columns.seen], steps)
        static = [_static(numbers[one][at], one, here) for one in columns.static]
        for value in roles.values:
            found.append(
                Series(
                    name=value if roles.series is None else name,
                    start=int(start) if frequency.isdigit() else start,
                    values=_on_grid([numbers[value][at]], steps)[:, 0],
                    known=known,
                    seen=seen,
                    static=np.array(static, dtype=np.float64),
                )
            )
    return SeriesTable(frequency, tuple(found), tuple(columns.known), tuple(columns.seen), tuple(columns.static))


def _on_grid(columns: Sequence[NDArray[np.float64]], steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Columns ``(N,)`` laid out by their steps ``(T, K)``; NaN at a step without a row."""
    laid = np.full((int(steps[-1]) + 1, len(columns)), np.nan)
    for number, column in enumerate(columns):
        laid[steps, number] = column
    return laid


def _numbers_only(column: pd.Series) -> bool:
    return all(isinstance(value, int) for value in column)


def _rows_of(frame: pd.DataFrame, roles: Roles) -> dict[str, NDArray[np.int64]]:
    """Rows of each series, in the order of the table."""
    if roles.series is None:
        return {roles.values[0] if len(roles.values) == 1 else "of all columns": np.arange(len(frame))}
    names = frame[roles.series].astype(str).to_numpy()
    kinds, first, which = np.unique(names, return_index=True, return_inverse=True)
    return {str(kinds[kind]): np.flatnonzero(which == kind) for kind in np.argsort(first)}


def _numbers(column: pd.Series, name: str, places: Sequence[str]) -> NDArray[np.float64]:
    """The numbers of a column; NaN where nothing stands."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        text = None
    else:
        text = column.astype(str).str.strip()
        empty = column.isna() | text.str.casefold().isin(_MISSING)
        parsed = pd.to_numeric(text.where(~empty, "nan"), errors="coerce")
        wrong = np.flatnonzero((parsed.isna() & ~empty).to_numpy())
        if len(wrong):
            raise UserError(
                f"column {name!r} holds {text.iloc[wrong[0]]!r}, which is no number",
                where=places[int(wrong[0])],
                hint="name the columns with numbers: --data.source.columns.values '[A, B]'",
            )
        values = parsed.to_numpy(dtype=np.float64)
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        raise UserError(
            f"column {name!r} holds an infinite value",
            where=places[int(infinite[0])],
            hint="leave the field empty where there is no value",
        )
    return values


def _check_gaps(
    times: pd.Index, steps: NDArray[np.int64], frequency: str, columns: Columns, places: Sequence[str], name: str
) -> None:
    jumps = np.flatnonzero(np.diff(steps) > 1)
    if not len(jumps) or columns.gaps == "missing":
        return
    at = int(jumps[0])
    missing = int((np.diff(steps) - 1).sum())
    raise UserError(
        f"series {name} goes in steps of {frequency}, and {missing} of them have no row: the first after {times[at]}",
        where=places[at + 1],
        hint="take them for missing values, which count nowhere: --data.source.columns.gaps missing",
    )


def _static(values: NDArray[np.float64], name: str, places: Sequence[str]) -> float:
    other = np.flatnonzero(values != values[0])
    if len(other):
        raise UserError(
            f"column {name!r} changes within a series, from {values[0]:g} to {values[other[0]]:g}",
            where=places[int(other[0])],
            hint="a covariate that changes is known or seen: --data.source.columns.known",
        )
    return float(values[0])

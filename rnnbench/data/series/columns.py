"""Which columns of a table are what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rnnbench.errors import UserError, did_you_mean

_TIMES = ("ds", "time", "timestamp", "datetime", "date", "month", "year")
_SERIES = ("unique_id", "series", "item_id")
_VALUES = ("y", "value", "target")


@dataclass(frozen=True)
class Columns:
    """Says what the columns of a table of series are; what is left out is found by its usual name.

    Args:
        time: Column of the times; else ``ds``, ``time``, ``timestamp``, ``date``, ... in any case, or the first column.
        series: Column that names the series, in a table with a row for each series and time; else ``unique_id``,
            ``series`` or ``item_id``. Without one, each column of values is a series of its own.
        values: Columns with what is to be forecast; else ``y``, ``value`` or ``target`` of a table with a column of
            series, and all columns that are nothing else of another.
        known: Columns with covariates that are known in advance, such as holidays.
        seen: Columns with covariates that are known only once they have happened, such as the weather.
        static: Columns with one number for a whole series; only in a table with a column of series.
        frequency: The step of time, as pandas names it; else it is found.
        day_first: Whether ``03/04/2020`` is in April; else it is found, or asked for.
        timezone: Where the clock hangs that shows the times, such as ``Europe/Berlin``; else they are taken as they
            stand, without daylight saving.
        gaps: What steps of time without a row are: an error, or values that are missing.
    """

    time: str | None = None
    series: str | None = None
    values: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    static: list[str] = field(default_factory=list)
    frequency: str | None = None
    day_first: bool | None = None
    timezone: str | None = None
    gaps: Literal["error", "missing"] = "error"


@dataclass(frozen=True)
class Roles:
    """The columns of one table: names that stand in it.

    Args:
        time: Of the times.
        series: Of the names of the series; None where each of ``values`` is a series.
        values: Of what is to be forecast; one where there is a column of series.
    """

    time: str
    series: str | None
    values: tuple[str, ...]


def find_roles(columns: Columns, names: Sequence[str], where: object) -> Roles:
    """What the columns of a table are.

    Args:
        columns: What was said of them.
        names: The columns that there are.
        where: The table, for errors.

    Raises:
        UserError: A column is not there, or no column holds values.
    """
    if not names:
        raise UserError("there are no columns", where=where)
    listed = {"time": [columns.time], "series": [columns.series]}
    listed |= {role: list(getattr(columns, role)) for role in ("values", "known", "seen", "static")}
    taken: dict[str, str] = {}
    for role, wanted in listed.items():
        for name in wanted:
            if name is None:
                continue
            if name not in names:
                raise UserError(
                    f"there is no column {name!r}; its columns: {', '.join(names)}",
                    where=where,
                    hint=f"--data.source.columns.{role}; {did_you_mean(name, names)}",
                )
            if name in taken:
                raise UserError(
                    f"column {name!r} cannot be {taken[name]} and {role}", where=f"--data.source.columns.{role}"
                )
            taken[name] = role
    free = [name for name in names if name not in taken]
    time = columns.time or _usual(free, _TIMES) or (free[0] if free else names[0])
    free = [name for name in free if name != time]
    series = columns.series or _usual(free, _SERIES)
    free = [name for name in free if name != series]
    if columns.static and series is None:
        raise UserError(
            "numbers of a whole series need a column that names the series",
            where=f"--data.source.columns.static {columns.static}",
            hint="name it: --data.source.columns.series",
        )
    values = tuple(columns.values)
    if not values and series is not None:
        usual = _usual(free, _VALUES)
        values = (usual,) if usual else tuple(free)
    values = values or tuple(free)
    if not values:
        raise UserError("no column is left that could hold values", where=where, hint="--data.source.columns.values")
    if series is not None and len(values) != 1:
        raise UserError(
            f"of {', '.join(values)} one holds the values of the series in {series!r}",
            where=where,
            hint="name it: --data.source.columns.values '[NAME]'; the others are known, seen or static",
        )
    return Roles(time, series, values)


def _usual(names: Sequence[str], usual: Sequence[str]) -> str | None:
    of_name = {name.casefold(): name for name in reversed(names)}
    return next((of_name[name] for name in usual if name in of_name), None)

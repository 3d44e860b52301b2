"""Times as they stand in files: parsed, and put on the regular grid of a frequency."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_SLASHED = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2,4})\b")
_OFFSET = re.compile(r":\d{2}(?:\.\d+)?\s*(?:Z|[+-]\d{2}:?\d{2})$")
# A frequency is found in so many times in a row, else in so few, at so many places of a series.
_RUNS = (6, 3)
_PIECES = 100


def parse_times(
    column: pd.Series, places: list[str], day_first: bool | None = None, timezone: str | None = None
) -> pd.Index:
    """The times of a column, in universal time where they tell how far they are off it.

    Args:
        column: Text, whole numbers or stamps.
        places: Where each stands, for errors.
        day_first: Whether ``03/04/2020`` is in April; None finds out, or asks.
        timezone: Where the clock hangs that shows these times, such as ``Europe/Berlin``.

    Returns:
        A `pandas.DatetimeIndex` without a zone, or whole numbers.

    Raises:
        UserError: Something is no time, or can be read in two ways.
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        times = pd.DatetimeIndex(column)
        return _universal(times, places, timezone)
    text = column.astype(str).str.strip()
    for place, value in zip(places, text, strict=True):
        if value in ("", "nan", "None", "NaT"):
            raise UserError("there is no time", where=place, hint="every row needs one")
    if text.str.fullmatch(r"-?\d+").all() and not text.str.fullmatch(r"(19|20)\d{6}").all():
        return pd.Index(text.astype("int64"))
    offsets = text.str.contains(_OFFSET)
    if offsets.any() and not offsets.all():
        place = places[int(np.flatnonzero(~offsets.to_numpy())[0])]
        raise UserError("this time tells no zone, and others do", where=place, hint="write all with one, or none")
    slashed = text.str.extract(_SLASHED)
    first = False
    if slashed[0].notna().any():
        first = _day_first(slashed.dropna().astype(int), text, places, day_first)
    parsed = pd.to_datetime(text, errors="coerce", dayfirst=first, utc=bool(offsets.all()), format="mixed")
    wrong = np.flatnonzero(parsed.isna().to_numpy())
    if len(wrong):
        raise UserError(
            f"{text.iloc[wrong[0]]!r} is no time",
            where=places[int(wrong[0])],
            hint="2020-01-31, 2020-01-31 13:00 and the like are, or whole numbers; --data.source.columns.time names "
            "the column",
        )
    return _universal(pd.DatetimeIndex(parsed), places, timezone)


def _day_first(parts: pd.DataFrame, text: pd.Series, places: list[str], asked: bool | None) -> bool:
    over = [bool((parts[i] > 12).any()) for i in (0, 1)]
    if over[0] and over[1]:
        day = int(np.flatnonzero((parts[0] > 12).to_numpy())[0])
        month = int(np.flatnonzero((parts[1] > 12).to_numpy())[0])
        raise UserError(
            f"the day comes first in {text[parts.index[day]]!r} and second in {text[parts.index[month]]!r}",
            where=places[text.index.get_loc(parts.index[max(day, month)])],
            hint="write all dates one way, best as 2020-01-31",
        )
    if asked is not None and over[1 if asked else 0]:
        raise UserError(
            f"with the day {'first' if asked else 'second'} there is no month {parts[1 if asked else 0].max()}",
            where=f"--data.source.columns.day_first {str(asked).lower()}",
        )
    if asked is None and not any(over):
        # Days of one month count up; months of one day do not reach beyond 12 in any order. Nothing tells.
        raise UserError(
            f"{text[parts.index[0]]!r} can be read in two ways",
            where=places[0],
            hint="--data.source.columns.day_first true, or false",
        )
    return over[0] if asked is None else asked


def _universal(times: pd.DatetimeIndex, places: list[str], timezone: str | None) -> pd.DatetimeIndex:
    import pandas as pd

    if times.tz is not None:
        if timezone is not None:
            raise UserError(
                "the times tell their zone themselves",
                where=f"--data.source.columns.timezone {timezone}",
                hint="leave this option out",
            )
        return times.tz_convert("UTC").tz_localize(None)
    if timezone is None:
        return times
    try:
        return times.tz_localize(timezone, ambiguous="infer").tz_convert("UTC").tz_localize(None)
    except (ValueError, KeyError, OSError) as error:
        problem = str(error).splitlines()[0]
        try:
            pd.Timestamp(0, tz=timezone)
        except (ValueError, KeyError, OSError):
            problem = "there is no such time zone"
        raise UserError(
            problem,
            where=f"--data.source.columns.timezone {timezone}, {places[0]}",
            hint="a name such as Europe/Berlin",
        ) from None


def frequency_of(groups: dict[str, pd.Index]) -> str:
    """The step of time that most runs of the times have.

    Args:
        groups: Times of each series, each later than the one before.

    Raises:
        UserError: No regular step is found.
    """
    import pandas as pd

    found: Counter[str] = Counter()
    for run in _RUNS:
        for times in groups.values():
            if not isinstance(times, pd.DatetimeIndex):
                found.update(str(step) for step in np.diff(times.to_numpy()).tolist())
                continue
            last = max(len(times) - run, 0)
            pieces = (times[at : at + run] for at in range(0, last + 1, max(last // _PIECES, 1)))
            found.update(name for name in map(_inferred, pieces) if name is not None)
        if found:
            break
    if not found:
        first = next(iter(groups))
        raise UserError(
            "no regular step of time is found: fewer than three times in a row lie equally apart",
            where=f"series {first}",
            hint="give it: --data.source.columns.frequency D (pandas' names: h, D, W-SUN, MS, ...)",
        )
    return found.most_common(1)[0][0]


def _inferred(piece: pd.DatetimeIndex) -> str | None:
    """Name of the step that a few times have; None where they have none."""
    import pandas as pd

    if len(piece) < 3:
        return None
    with warnings.catch_warnings():
        # Newer versions of pandas tell that they will return the offset, and then do.
        warnings.simplefilter("ignore")
        found = pd.infer_freq(piece)
    return found if found is None or isinstance(found, str) else found.freqstr


def check_order(times: pd.Index, places: list[str], series: str) -> None:
    """Refuses times of which one stands there twice, or comes before the one above it.

    Args:
        times: Times in the order of the file.
        places: Where each stands, for errors.
        series: Name of the series, for errors.
    """
    values = times.to_numpy()
    back = np.flatnonzero(values[1:] <= values[:-1])
    if len(back):
        raise _not_later(times, int(back[0]) + 1, places, series)


def positions(times: pd.Index, frequency: str, places: list[str], series: str) -> NDArray[np.int64]:
    """The step at which each time stands, counted from the first.

    Args:
        times: Times in ascending order.
        frequency: The step.
        places: Where each stands, for errors.
        series: Name of the series, for errors.

    Raises:
        UserError: A time lies between two steps.
    """
    import pandas as pd

    if isinstance(times, pd.DatetimeIndex):
        found = pd.date_range(times[0], times[-1], freq=frequency).get_indexer(times)
        off = np.flatnonzero(found < 0)
    else:
        steps = times.to_numpy() - times[0]
        found, off = steps // int(frequency), np.flatnonzero(steps % int(frequency))
    if len(off):
        where = int(off[0])
        raise UserError(
            f"series {series} goes in steps of {frequency}, and {times[where]} lies beside them",
            where=places[where],
            hint="two frequencies in one file? part them, or name the one: --data.source.columns.frequency",
        )
    return np.asarray(found, dtype=np.int64)


def _not_later(times: pd.Index, at: int, places: list[str], series: str) -> UserError:
    import pandas as pd

    here, before = times[at], times[at - 1]
    clock = isinstance(times, pd.DatetimeIndex)
    autumn = clock and here.month in (3, 4, 9, 10, 11) and before - here < pd.Timedelta("1h")
    if here in times[:at]:
        return UserError(
            f"series {series} has the time {here} twice",
            where=places[at],
            hint="when clocks are set back? say where: --data.source.columns.timezone Europe/Berlin"
            if autumn and here.hour <= 3 and len(times) > 2 and (times[1] - times[0]) <= pd.Timedelta("1h")
            else "leave one of them, or name the column that tells series apart: --data.source.columns.series",
        )
    return UserError(
        f"series {series} goes back in time, from {before} to {here}",
        where=places[at],
        hint="sort the rows by time",
    )

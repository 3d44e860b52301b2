"""How many steps of a frequency make a season, and what a calendar says of a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

# The usual ones: of hours the day, of days the week, of weeks, months and quarters the year.
_OF_OFFSET = {"W": 52, "M": 12, "MS": 12, "ME": 12, "QS": 4, "QE": 4, "Q": 4, "D": 7, "B": 5, "h": 24, "min": 1440}


def season_of(frequency: str) -> int:
    """Steps of the usual season of a frequency; 1 where there is none.

    Args:
        frequency: As pandas names it, or a number.
    """
    import pandas as pd

    if frequency.isdigit():
        return 1
    offset = pd.tseries.frequencies.to_offset(frequency)
    assert offset is not None
    season = _OF_OFFSET.get(offset.rule_code.partition("-")[0], 1)
    return max(season // offset.n, 1) if season > 1 else 1


def calendar(times: pd.Index) -> NDArray[np.float64]:
    """Where a time stands in day, week, month and year, each as sine and cosine ``(T, 8)``.

    Args:
        times: Stamps; of numbered steps there is no calendar.
    """
    import pandas as pd

    assert isinstance(times, pd.DatetimeIndex)
    hour = times.hour + times.minute / 60 + times.second / 3600
    places = [
        hour / 24,
        (times.day_of_week + hour / 24) / 7,
        (times.day - 1) / times.days_in_month,
        (times.day_of_year - 1) / 365.25,
    ]
    angles = 2 * np.pi * np.stack([np.asarray(place, dtype=np.float64) for place in places], 1)
    return np.concatenate([np.sin(angles), np.cos(angles)], 1)

"""Names and numbers as a reader likes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_MOST = 200


def clean(text: str, most: int = _MOST) -> str:
    """A name from a file on one line, without signs that SVG and HTML cannot hold, and of bounded length."""
    line = _INVISIBLE.sub("\ufffd", " ".join(text.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


def words(name: str) -> str:
    """``nats_per_character`` as words."""
    return clean(name.replace("_", " "))


def decimals(values: Iterable[float | None]) -> int:
    """How many decimals a column of these values shows, so that its points stand below each other."""
    finite = [abs(value) for value in values if value is not None and math.isfinite(value)]
    return 2 if max(finite, default=0) >= 10 else 4


def number(value: float | None, places: int) -> str:
    """A value with so many decimals, or with three digits where these would be zeros; a dash where there is none."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{places}f}"
    return f"{value:.3g}" if value and not float(text) else text


def short(value: float | None) -> str:
    """A large number in three digits: 4.65M, 1.50P."""
    if value is None:
        return "–"
    for limit, sign in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{sign}"
    return f"{value:.3g}"


def listed(names: Iterable[str], most: int = 5) -> str:
    """``a, b and c``; of many the first, and how many more."""
    all_names = list(names)
    if len(all_names) > most:
        return f"{', '.join(all_names[: most - 1])} and {len(all_names) - most + 1} more"
    return " and ".join(part for part in (", ".join(all_names[:-1]), all_names[-1] if all_names else "") if part)


def slug(text: str) -> str:
    """A text as a part of a file name and of a link."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "x"

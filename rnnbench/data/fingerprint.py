"""A short name for exactly these data, the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.source import Dealt, Document, Row, Split

_DIGITS = 12


def fingerprint(splits: Mapping[Any, Iterable[Row | str | Document]], **settings: object) -> str:
    """Hashes the content of all splits, and whatever settings decide what is made of it.

    Rows count in their order; splits, settings and the fields of a row count by name. Two data sets that differ
    anywhere have different fingerprints, in all likelihood. Rows that were dealt anew count as they stood before, and
    it counts that they were.

    Args:
        splits: The rows of each split, plain values or bytes; a document counts as the text that it is.
        **settings: Plain values that change the data, such as the level of the tokens.

    Returns:
        12 hexadecimal digits.
    """
    digest = hashlib.sha256()
    encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=_plain).encode

    def add(*value: object) -> None:
        # One JSON text a line: JSON holds no bare newline, so no two sequences of values give the same bytes.
        digest.update(encode(value).encode("ascii") + b"\n")

    if any(isinstance(rows, Dealt) for rows in splits.values()):
        settings = {**settings, "dealt": "anew"}
    add("settings", settings)
    for name in sorted(splits):
        add("split", name)
        rows = splits[name]
        for row in rows.before if isinstance(rows, Dealt) else rows:
            if not isinstance(row, Document):
                add(row)
            else:
                # What `add` makes of the whole text, which need not fit into memory: escapes stand for one character.
                digest.update(b'["')
                for piece in row:
                    digest.update(encode_basestring_ascii(piece)[1:-1].encode("ascii"))
                digest.update(b'"]\n')
    return digest.hexdigest()[:_DIGITS]


def kept_fingerprint(
    kept: Kept,
    splits: Callable[[], Mapping[Split, Iterable[Row | str | Document]]],
    columns: Mapping[str, str] | None,
    **settings: object,
) -> str:
    """`fingerprint`, which of large data is found once and kept.

    Args:
        kept: What is made of these data.
        splits: Gives the rows of each split.
        columns: What columns are called in the data, where that is something else.
        **settings: As for `fingerprint`.
    """
    return kept(
        f"fingerprint-{short_hash([columns, settings])}",
        lambda: {"fingerprint": fingerprint(splits(), **settings)},
        lambda made: str(made["fingerprint"]),
    )


def _plain(value: Any) -> object:
    """What stands for a value that JSON lacks."""
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, (date, time)):
        return {"time": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    raise TypeError(f"a {type(value).__name__} has no fingerprint")

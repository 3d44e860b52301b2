"""Classes that are stored as numbers, given back their names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def name_classes(records: list[dict[str, Any]], features: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Replaces numbers by class names, in columns that hold a class or a list of classes.

    Args:
        records: The records, which are changed.
        features: What the ``datasets`` library says of each column, as plain values.

    Raises:
        ValueError: The classes of a column have no names, or there is no such column.
    """
    for column, feature in features.items():
        # A list of classes has them one level deeper.
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if not isinstance(inner, dict) or inner.get("_type") != "ClassLabel":
            continue
        names = inner["names"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"the classes of {column!r} have no names")
        for record in records:
            if column not in record:
                raise ValueError(f"there is no column {column!r}")
            value = record[column]
            record[column] = [_name(item, names) for item in value] if isinstance(value, list) else _name(value, names)
    return records


def features_of(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """What the ``datasets`` library wrote of the columns into a Parquet file; empty where it wrote nothing.

    Args:
        metadata: Metadata of the file's schema.
    """
    written = (metadata or {}).get(b"huggingface")
    return json.loads(written).get("info", {}).get("features") or {} if written else {}


def _name(value: Any, names: list[str]) -> Any:
    # -1 stands for a label that is kept secret, as in the test sets of shared tasks.
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value

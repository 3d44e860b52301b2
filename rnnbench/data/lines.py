"""Lines of text that a model is asked about, as they come, and answers of a line each."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

Line: TypeAlias = tuple[str, str]
"""A text, and where it stands."""


class LineStream:
    """Lines that are not all there yet, and may never end.

    Args:
        parts: The lines that there are at a time.
        look: Is shown each part before it is answered.
    """

    def __init__(self, parts: Iterator[list[Line]], look: Callable[[list[Line]], None] = lambda part: None) -> None:
        self._parts = parts
        self.look = look

    def __iter__(self) -> Iterator[Line]:
        for part in self.parts():
            yield from part

    def parts(self) -> Iterator[list[Line]]:
        """The parts, each once it is there."""
        for part in self._parts:
            self.look(part)
            yield part


def in_parts(lines: Sequence[Line] | LineStream, most: int) -> Iterator[list[Line]]:
    """Lines in parts that are answered at once: as many as there are, up to a limit.

    Args:
        lines: The lines.
        most: Most lines of a part.
    """
    for part in lines.parts() if isinstance(lines, LineStream) else [list(lines)]:
        for start in range(0, len(part), most):
            yield part[start : start + most]


def json_line(answer: dict[str, Any]) -> str:
    """An answer as a line of JSON, numbers to nine digits: further ones depend on what else was computed at once.

    What is no finite number is null: JSON has no other word for it.

    Args:
        answer: Plain values.
    """
    return json.dumps(_rounded(answer), ensure_ascii=False, allow_nan=False) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    return value

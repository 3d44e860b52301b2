"""A part of a YAML file, whose values are asked for by key and kind; errors say where in the file they stand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError, did_you_mean

Options = dict[str, Any]
"""Option as on the command line, without dashes -> value."""


class Section:
    """A mapping in a file: gives its values with their types checked, and knows where they stand.

    Args:
        path: The file.
        key: Where the mapping stands in it, keys parted by dots; empty for the whole file.
        content: What stands there; None, in a part of the file, for nothing.
    """

    def __init__(self, path: Path, key: str, content: Any) -> None:
        self.path, self.key = path, key
        self._asked: list[str] = []
        if content is None and key:
            content = {}
        if not isinstance(content, dict):
            raise self.error("", f"expected a mapping of keys to values, found {content!r}")
        self._content: dict[str, Any] = content

    def __contains__(self, key: str) -> bool:
        return self._get(key) is not None

    def error(self, key: str, problem: str, hint: str | None = None) -> UserError:
        """An error at a key of this section."""
        where = ".".join(part for part in (self.key, key) if part)
        return UserError(problem, where=f"{self.path}: {where}" if where else self.path, hint=hint)

    def section(self, key: str, name: str | None = None) -> Section:
        """The section at a key, or that of a name in it."""
        section = Section(self.path, f"{self.key}.{key}".strip("."), self._get(key))
        return section if name is None else section.section(name)

    def names(self, key: str) -> list[str]:
        """The keys of a section."""
        return [str(name) for name in self.section(key)._content]

    def options(self, key: str) -> Options:
        """Options and their values; these may be anything."""
        found = self.section(key)._content
        for name in found:
            if not isinstance(name, str) or name.startswith("-"):
                raise self.error(key, f"{name!r} is no option", "write it without dashes: trainer.max_epochs: 5")
        return dict(found)

    def list(self, key: str, kind: type) -> tuple[Any, ...]:
        """A list of values of one kind, each once."""
        values = self._get(key)
        values = [] if values is None else values
        if not isinstance(values, list) or any(type(value) is not kind for value in values):
            raise self.error(key, f"expected a list of {_WORDS[kind]}, found {values!r}")
        for value in values:
            if values.count(value) > 1:
                raise self.error(key, f"{value!r} stands twice")
        return tuple(values)

    def amounts(self, key: str) -> tuple[float, ...]:
        """A positive number, or a list of them."""
        value = self._get(key)
        values = value if isinstance(value, list) else [value]
        numbers = [_number(one) for one in values]
        if not numbers or any(number is None or not 0 < number < math.inf for number in numbers):
            raise self.error(key, f"expected a number above 0, or a list of them, found {value!r}")
        if len(set(numbers)) < len(numbers):
            raise self.error(key, "a budget stands twice")
        return tuple(number for number in numbers if number is not None)

    def raw(self, key: str) -> Any:
        """What stands there."""
        return self._get(key)

    def number(self, key: str) -> float:
        """A number."""
        number = _number(self._get(key))
        if number is None:
            raise self.error(key, f"expected a number, found {self._get(key)!r}")
        return number

    def choice(self, key: str, choices: tuple[Any, ...]) -> Any:
        """One of some words."""
        value = self._get(key)
        if value not in choices:
            raise self.error(key, f"{value!r} is not among the choices", did_you_mean(str(value), choices))
        return value

    def values(self, key: str) -> tuple[Any, ...]:
        """A list of any values, each once."""
        values = self._get(key)
        if not isinstance(values, list) or not values:
            raise self.error(key, f"expected a list of values, found {values!r}")
        if any(values.count(value) > 1 for value in values):
            raise self.error(key, f"a value stands twice: {values}")
        # YAML reads 1e-3 as text: it wants a point.
        return tuple(value if (number := _number(value)) is None else number for value in values)

    def refuse_others(self) -> None:
        """Refuses keys that nobody asked for: they are misspelt."""
        for key in self._content:
            if key not in self._asked:
                raise self.error(str(key), f"there is no such key: {key}", did_you_mean(str(key), self._asked))

    def _get(self, key: str) -> Any:
        if key not in self._asked:
            self._asked.append(key)
        return self._content.get(key)


_WORDS = {str: "names", int: "whole numbers"}


def _number(value: Any) -> float | None:
    """YAML reads 1e9 as text: it wants a point."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None

"""Labels as data hold them, as names of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rnnbench.data.notice import tell
from rnnbench.errors import UserError


def label_names(values: Iterable[Any], what: str, place: Callable[[int], str]) -> list[str]:
    """The name of each label; where that is not how it stands in the data, it is said once.

    A name is text without blanks around it, a whole number (1.0 is 1), or true or false.

    Args:
        values: The labels.
        what: What they are called in the notice, such as ``train: labels``.
        place: Where the label of a number stands, for errors.

    Raises:
        UserError: A label is nothing that could name a class, or of another kind than the first one.
    """
    names: list[str] = []
    first_kind = ""
    changed: dict[str, tuple[str, str]] = {}
    for number, value in enumerate(values):
        name = _name(value)
        if not name:
            hint = "a label is a word, a whole number, or true or false"
            raise UserError(f"{repr(value)[:80]} is no label", where=place(number), hint=hint)
        kind = "text" if isinstance(value, str) else "true or false" if isinstance(value, bool) else "numbers"
        first_kind = first_kind or kind
        if kind != first_kind:
            hint = f"all labels have to be of one kind; those before it are {first_kind}"
            raise UserError(f"{value!r} is no label", where=place(number), hint=hint)
        names.append(name)
        if isinstance(value, str) and value != name:
            changed.setdefault("with blanks around them", (repr(value), name))
        elif isinstance(value, bool | float):
            changed.setdefault(f"of type {type(value).__name__}", (repr(value), name))
    for how, (value, name) in changed.items():
        tell(f"{what} {how} are read as names of classes, such as {value} as {name!r}")
    return names


def _name(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # Written so that NaN and infinity are none.
        return str(int(value)) if abs(value) < 2**53 and value == int(value) else None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**19 else None
    return value.strip() if isinstance(value, str) else None

"""The classes that options may name."""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import typing
from typing import Any

from lightning.pytorch import Trainer

from rnnbench.tasks.base import Task, TaskData


def _import(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name, None)


def options_of(path: str) -> list[str]:
    """The options of the class at a dotted path."""
    owner = _import(path)
    if not inspect.isclass(owner):
        return []
    return [name for name in inspect.signature(owner).parameters if name not in ("input_size", "params")]


def base_of(key: str, chosen: str | None) -> type | None:
    """The class whose subclasses may stand at a dotted key, found by following the types of the options.

    Args:
        key: Such as ``model.backbone.init_args.cell``.
        chosen: Dotted path of the model or the data, where one was chosen.

    Returns:
        The class; None where the option takes plain values.
    """
    first, *parts = [part for part in key.split(".") if part != "init_args"]
    base: type | None = {"model": Task, "data": TaskData, "trainer": Trainer}.get(first)
    for part in parts:
        candidates = [_import(chosen)] if chosen and base in (Task, TaskData) else _all_subclasses(base)
        hints = (typing.get_type_hints(one.__init__).get(part) for one in candidates if inspect.isclass(one))
        base = next((_class_in(hint) for hint in hints if hint is not None), None)
        if base is None:
            return None
    return None if base is None or base.__module__ == "builtins" else base


def _class_in(hint: Any) -> type | None:
    """The class that a type hint asks for: itself, what a callable returns, or the first in a union."""
    if inspect.isclass(hint):
        return hint
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is collections.abc.Callable:
        return _class_in(arguments[1])
    return next((found for found in map(_class_in, arguments) if found is not None), None)


def _all_subclasses(base: type | None) -> list[type]:
    """A class and all that derive from it."""
    found: list[type] = []
    waiting = [base] if base is not None else []
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.__subclasses__()
    return found


def subclass_names(base: type) -> list[str]:
    """Short names of the classes that could stand where the base is asked for."""
    usable = [one for one in _all_subclasses(base) if not inspect.isabstract(one) and not one.__name__.startswith("_")]
    return [one.__name__ for one in usable]

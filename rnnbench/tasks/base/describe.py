"""Factories as plain values, so that a checkpoint holds nothing that would have to be unpickled."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Mapping
from typing import Any

from rnnbench.errors import UserError


def describe(value: Any, where: str) -> Any:
    """An option's value in the form that a configuration file has it.

    Args:
        value: A plain value, a class or function, a `functools.partial` of one, or a container of these.
        where: Name of the option, for the error.

    Returns:
        Plain values; a class or partial becomes ``{"class_path": ..., "init_args": {...}}``.

    Raises:
        UserError: The value has no plain form, such as a lambda or an object.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {key: describe(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item, where) for item in value]
    if isinstance(value, functools.partial):
        # A factory made from a configuration carries its class as the last positional argument.
        target = next((part for part in reversed(value.args) if inspect.isclass(part)), value.func)
        options = {key: describe(item, f"{where}.{key}") for key, item in value.keywords.items()}
        return {"class_path": _import_path(target, where), "init_args": options}
    if inspect.isclass(value) or inspect.isfunction(value):
        return {"class_path": _import_path(value, where)}
    raise UserError(
        f"{type(value).__name__} has no plain form that a checkpoint could hold",
        where=where,
        hint="pass a class, or functools.partial(a class, its options)",
    )


def public_path(target: Any) -> str:
    """The path of a class or function: of the outermost package that hands it out, since modules within may move."""
    name, module = target.__qualname__, target.__module__
    path = f"{module}.{name}"
    while module := module.rpartition(".")[0]:
        if getattr(sys.modules.get(module), name, None) is target:
            path = f"{module}.{name}"
    return path


def _import_path(target: Any, where: str) -> str:
    path = public_path(target)
    if "<" in path:
        raise UserError(
            f"{path} cannot be imported by name, so no checkpoint could name it",
            where=where,
            hint="pass a class or function that stands at the top of a module, or functools.partial of one",
        )
    return path

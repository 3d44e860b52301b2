"""YAML files read strictly: no key twice, and plain values turned into typed dataclasses. Imports no torch."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
from pathlib import Path
from typing import Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from rnnbench.errors import UserError, did_you_mean

T = TypeVar("T")

Sha256 = NewType("Sha256", str)
"""64 hexadecimal digits in lower case."""


@functools.cache
def type_hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, which take time to evaluate."""
    return get_type_hints(kind)


def read_yaml(path: Path) -> object:
    """The plain values of a YAML file.

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, is no YAML, or has a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"not a card: {' '.join(str(error).split())}", where=path) from None


def build(kind: type[T], value: object, where: object) -> T:
    """Makes a dataclass of a mapping, in which every key must be known and every value of the declared type.

    Handles text, numbers, true and false, `Sha256`, `Literal`, ``X | None``, ``tuple[X, ...]``, ``dict[K, V]``, nested
    dataclasses, and unions of dataclasses that each declare a ``kind``.

    Args:
        kind: The dataclass.
        value: The mapping.
        where: The file that holds it, for the error.

    Raises:
        UserError: A key is unknown or missing, or a value is of another type.
    """
    made: T = _dataclass(kind, value, where, ())
    return made


def _dataclass(kind: Any, value: object, where: object, path: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise _wrong(where, path, "a mapping", value)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in value:
        if key not in fields:
            raise UserError(
                f"unknown key {_dotted((*path, str(key)))}", where=where, hint=did_you_mean(str(key), fields)
            )
    for name, field in fields.items():
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if name not in value and not optional:
            raise UserError(f"the key {_dotted((*path, name))} is missing", where=where)
    hints = type_hints(kind)
    return kind(**{key: _convert(hints[key], item, where, (*path, key)) for key, item in value.items()})


def _convert(hint: Any, value: object, where: object, path: tuple[str, ...]) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(arguments, value, where, path)
    if origin is Literal:
        if value not in arguments:
            raise UserError(
                f"{_dotted(path)} is {value!r}", where=where, hint=did_you_mean(str(value), map(str, arguments))
            )
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise _wrong(where, path, "a list", value)
        return tuple(_convert(arguments[0], item, where, (*path, str(i))) for i, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise _wrong(where, path, "a mapping", value)
        return {
            _convert(arguments[0], key, where, path): _convert(arguments[1], item, where, (*path, str(key)))
            for key, item in value.items()
        }
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint, value, where, path)
    if hint is Sha256:
        if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
            raise _wrong(where, path, "64 hexadecimal digits in lower case", value)
        return value
    if hint is int and (not isinstance(value, int) or isinstance(value, bool)):
        raise _wrong(where, path, "a whole number", value)
    if hint is str and (not isinstance(value, str) or not value.strip()):
        raise _wrong(where, path, "text", value)
    if hint is float and (not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value)):
        raise _wrong(where, path, "a number", value)
    if hint is bool and not isinstance(value, bool):
        raise _wrong(where, path, "true or false", value)
    if hint not in (int, float, str, bool):
        raise TypeError(f"{_dotted(path)}: {hint} is no type that a card can hold")
    return value


def _union(arguments: tuple[Any, ...], value: object, where: object, path: tuple[str, ...]) -> Any:
    choices = [argument for argument in arguments if argument is not types.NoneType]
    if value is None and len(choices) < len(arguments):
        return None
    if len(choices) == 1:
        return _convert(choices[0], value, where, path)
    kinds = {get_args(type_hints(choice)["kind"])[0]: choice for choice in choices}
    found = value.get("kind") if isinstance(value, dict) else None
    if found not in kinds:
        raise UserError(
            f"{_dotted((*path, 'kind'))} is {found!r}", where=where, hint=did_you_mean(str(found), map(str, kinds))
        )
    return _dataclass(kinds[found], value, where, path)


def _wrong(where: object, path: tuple[str, ...], wanted: str, value: object) -> UserError:
    return UserError(f"{_dotted(path) or 'the whole'} must be {wanted}, found {value!r}", where=where)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path)


# The loader in C, where PyYAML was built with it, is ten times as fast.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, which takes no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)

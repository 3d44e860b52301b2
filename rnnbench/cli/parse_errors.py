"""Messages of the argument parser, cut down to file, key and near match."""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import re
import typing
from collections.abc import Sequence
from typing import Any

from jsonargparse import ArgumentParser

from rnnbench.cli.config_files import named_files, place_of
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import Task, TaskData

_KEY = re.compile(r'Parser key "([^"]+)"')
_NOT_ACCEPTED = re.compile(r"Option '([^']+)' is not accepted")
_NO_TOP_OPTION = re.compile(r"does not accept option '([^']+)'")
_UNRECOGNIZED = re.compile(r"unrecognized arguments: (.*)")
_REQUIRED = re.compile(r"following arguments are required: (.*)")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_NO_CLASS = re.compile(
    r"(?:Expected a dot import path string: |has no attribute '|No module named '|to be a subclass of )"
)
_CLASS_FOUND = re.compile(r"class_path='([\w.]+)'")
_CLASS_BEFORE = re.compile(r"given class_path '([\w.]+)'")
_LITERAL = re.compile(r"Literal\[([^\]]*)\]")
_EXPECTED = re.compile(r"Expected an? (?:<class '([\w.]+)'>|([\w.\[\], ]+))")
_VALUE = re.compile(r"(?:Got value|Given value): ([^\n]*?)(?:\. Got value|$)", re.MULTILINE)


def as_user_error(error: BaseException, words: Sequence[str], parser: ArgumentParser) -> UserError:
    """The parser's error in three lines.

    Args:
        error: What the parser raised.
        words: The command line: verb and options.
        parser: The parser, which knows the options of each verb.
    """
    text = str(error)
    files = named_files(words)
    key = ".".join(_KEY.findall(text)).removeprefix(f"{words[0]}.")

    def found(key: str, problem: str, hint: str | None) -> UserError:
        option = f"--{key.replace('init_args.', '')}"
        # The command line comes after all files and overrides them.
        typed = any(word.partition("=")[0] == option for word in words)
        where = option if typed or not key else place_of(key, files) or option
        return UserError(f"{key}: {problem}" if key else problem, where=where if key else None, hint=hint)

    if match := _NOT_ACCEPTED.search(text):
        owner = _CLASS_FOUND.search(text, match.end()) or _last(_CLASS_BEFORE, text[: match.start()])
        known = _options_of(owner.group(1)) if owner else []
        return found(f"{key}.{match.group(1)}", "there is no such option", did_you_mean(match.group(1), known))
    if match := _NO_TOP_OPTION.search(text):
        option = match.group(1)
        return found(option, "there is no such option", _near_option(option, words[0], parser))
    if match := _UNRECOGNIZED.search(text):
        option = match.group(1).split()[0]
        if not option.startswith("-"):
            return UserError(f"{option!r} belongs to no option", where=f"rnnbench {words[0]}")
        name = option.partition("=")[0].lstrip("-")
        return found(name, "there is no such option", _near_option(name, words[0], parser))
    if match := _REQUIRED.search(text):
        names = [part.removeprefix(f"{words[0]}.") for part in match.group(1).strip().split(", ")]
        if key:
            owner = _last(_CLASS_BEFORE, text[: match.start()])
            name = owner.group(1).rpartition(".")[2] if owner else key
            given = " ".join(f"--{key.replace('init_args.', '')}.{one} ..." for one in names)
            return found(key, f"{name} needs {' and '.join(names)}", f"give it too: {given}")
        missing = " and ".join(names)
        return UserError(
            f"no {missing} given",
            where=f"rnnbench {words[0]}",
            hint="name a preset: --config text_generation/char_lstm; all of them: rnnbench list presets",
        )
    value = match.group(1) if (match := _last(_VALUE, text)) else ""
    if match := re.search(r"val='([^']*)'\)$", value):
        value = match.group(1)
    if module := module_missing(error):
        return found(key, f"there is no module {module}", f"run it in the folder of {module.partition('.')[0]}.py")
    if _NO_CLASS.search(text):
        base = _base_of(key, text)
        if base is not None:
            return found(key, f"{value} is no {base.__name__}", did_you_mean(value, _subclasses(base)))
    if match := _LITERAL.search(text):
        choices = [choice.strip("'\" ") for choice in match.group(1).split(",")]
        chosen = first.group(1) if (first := _VALUE.search(text)) else value
        return found(key, f"{chosen!r} is not among the choices", did_you_mean(chosen, choices))
    if match := _EXPECTED.search(text):
        chosen = first.group(1) if (first := _VALUE.search(text)) else value
        if nested := re.search(r"val='([^']*)'\)$", chosen):
            chosen = nested.group(1)
        kinds = [one or other.strip() for one, other in _EXPECTED.findall(text)]
        kinds = [{"NoneType": "null", "int": "a whole number", "float": "a number"}.get(kind, kind) for kind in kinds]
        return found(key, f"expected {' or '.join(dict.fromkeys(kinds))}, found {chosen}", None)
    return found(key, " ".join(text.split())[:300], None)


def module_missing(error: BaseException) -> str | None:
    """The module of a class path that Python does not find, as the parser's error tells it."""
    match = _NO_MODULE.search(str(error))
    return match.group(1) if match else None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(reversed(list(pattern.finditer(text))), None)


def _near_option(name: str, verb: str, parser: ArgumentParser) -> str:
    """The nearest option at the same depth: ``trainer.max_epoch`` is looked for among the trainer's."""
    known = [
        string.lstrip("-").removesuffix("+")
        for action in parser._subcommands_action._name_parser_map[verb]._actions  # type: ignore[union-attr]
        for string in action.option_strings
        if string.startswith("--")
    ]
    group, _, last = name.rpartition(".")
    siblings = {option.rpartition(".")[2] for option in known if option.rpartition(".")[0] == group}
    if not siblings:
        group, last = "", name.partition(".")[0]
        siblings = {option.partition(".")[0] for option in known}
    return did_you_mean(last, siblings)


def _import(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name, None)


def _options_of(path: str) -> list[str]:
    owner = _import(path)
    if not inspect.isclass(owner):
        return []
    return [name for name in inspect.signature(owner).parameters if name not in ("input_size", "params")]


def _base_of(key: str, text: str) -> type | None:
    """The class whose subclasses may stand at a dotted key, found by following the types of the options."""
    first, *parts = [part for part in key.split(".") if part != "init_args"]
    base: type | None = {"model": Task, "data": TaskData}.get(first)
    chosen = _CLASS_BEFORE.search(text)
    for part in parts:
        candidates = [_import(chosen.group(1))] if chosen and base in (Task, TaskData) else _all_subclasses(base)
        hints = (typing.get_type_hints(one.__init__).get(part) for one in candidates if inspect.isclass(one))
        base = next((_class_in(hint) for hint in hints if hint is not None), None)
        if base is None:
            return None
    return base


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


def _subclasses(base: type) -> list[str]:
    """Short names of the classes that could stand where the base is asked for."""
    usable = [one for one in _all_subclasses(base) if not inspect.isabstract(one) and not one.__name__.startswith("_")]
    return [one.__name__ for one in usable]

"""Messages of the argument parser, cut down to place, key and near match."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from jsonargparse import ArgumentParser

from rnnbench.cli.classes import base_of, options_of, subclass_names
from rnnbench.cli.places import Places, place_of_name
from rnnbench.errors import UserError, did_you_mean

_KEY = re.compile(r'Parser key "([^"]+)"')
_NOT_TEXT = re.compile(r"Key must be a string, got: (.*?)\.?$", re.MULTILINE)
_NOT_ACCEPTED = re.compile(r"Option '([^']+)' is not accepted")
_NO_TOP_OPTION = re.compile(r"does not accept option '([^']+)'")
_UNRECOGNIZED = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)
_REQUIRED = re.compile(r"following arguments are required: (.*)")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_SEVERAL = re.compile(r"Multiple subclasses with name (\w+)\..*?: (.*)\.")
# What is said of something that is no class of the kind that is asked for; the name, where it tells that.
_NO_CLASS = re.compile(
    r"Expected a dot import path string: (?P<path>[^\n]*?)(?:\. Got value|$)|has no attribute '(?P<attribute>[^']*)'"
    r"|Expected '(?P<other>[^']*)' to be a subclass of |Unexpected import object"
    r"|Expected an import path or a subclass spec",
    re.MULTILINE,
)
_CLASS_FOUND = re.compile(r"class_path='([\w.]+)'")
_CLASS_BEFORE = re.compile(r"given class_path '([\w.]+)'")
_LITERAL = re.compile(r"Literal\[([^\]]*)\]")
_EXPECTED = re.compile(r"Expected an? (?:<class '([\w.]+)'>|(?!path but|dot import)([\w.\[\], ]+))")
_NO_CONFIG = re.compile(r"Unable to load config '(.*?)'", re.DOTALL)
_VALUE = re.compile(r"(?:Got value|Given value): ([^\n]*?)(?:\. Got value|$)", re.MULTILINE)
_IN_WORDS = {
    "NoneType": "null",
    "bool": "true or false",
    "collections.abc.Iterable": "a list",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "str": "text",
}
_LONGEST_VALUE = 80


def as_user_error(error: BaseException, words: Sequence[str], parser: ArgumentParser) -> UserError:
    """The parser's error in three lines.

    Args:
        error: What the parser raised.
        words: The command line: verb and options.
        parser: The parser, which knows the options of each verb.
    """
    text = str(error)
    places = Places(words)
    # The parser names a key again where it says why a value is no file, either.
    key = ".".join(part for part, _ in itertools.groupby(_KEY.findall(text))).removeprefix(f"{words[0]}.")
    if match := _NOT_TEXT.search(text):
        where = place_of_name(match.group(1), places.files) or f"rnnbench {words[0]}"
        return UserError(f"a key is text, found {match.group(1)}", where=where)
    if match := _NOT_ACCEPTED.search(text):
        owner = _CLASS_FOUND.search(text, match.end()) or _last(_CLASS_BEFORE, text[: match.start()])
        known = options_of(owner.group(1)) if owner else []
        return places.error(f"{key}.{match.group(1)}", "there is no such option", did_you_mean(match.group(1), known))
    if match := _NO_TOP_OPTION.search(text):
        option = match.group(1)
        return places.error(option, "there is no such option", _near_option(option, words[0], parser))
    if match := _UNRECOGNIZED.search(text):
        option = (match.group(1).split() or [""])[0]
        if not option.startswith("-"):
            return UserError(f"{_short(option)!r} belongs to no option", where=f"rnnbench {words[0]}")
        name = option.partition("=")[0].lstrip("-")
        return places.error(name, "there is no such option", _near_option(name, words[0], parser))
    if match := _REQUIRED.search(text):
        names = [part.removeprefix(f"{words[0]}.") for part in match.group(1).strip().split(", ")]
        if key:
            # The class stands before its complaint, or, where it is built by a callable, in the value after it.
            before = text[: match.start()].rpartition("Parser key")[2]
            owner = _last(_CLASS_BEFORE, before) or _CLASS_FOUND.search(text, match.end())
            name = owner.group(1).rpartition(".")[2] if owner else key
            given = " ".join(f"--{key.replace('init_args.', '')}.{one} ..." for one in names)
            return places.error(key, f"{name} needs {' and '.join(names)}", f"give it too: {given}")
        return UserError(
            f"no {' and '.join(names)} given",
            where=f"rnnbench {words[0]}",
            hint="name a preset: --config text_generation/char_lstm; all of them: rnnbench list presets",
        )
    if module := module_missing(error):
        hint = f"run it in the folder of {module.partition('.')[0]}.py"
        return places.error(key, f"there is no module {module}", hint)
    if match := _SEVERAL.search(text):
        problem = f"{match.group(1)} is the name of several classes"
        return places.error(key, problem, f"give the whole path of one: {match.group(2)}")
    return _wrong_value(text, key, places)


def _wrong_value(text: str, key: str, places: Places) -> UserError:
    """The error of a value of the wrong kind."""
    found = first.group(1) if (first := _VALUE.search(text)) else ""
    if nested := re.search(r"val='([^']*)'\)$", found):
        found = nested.group(1)
    if match := _NO_CLASS.search(text):
        owner = _CLASS_BEFORE.search(text)
        base = base_of(key, owner.group(1) if owner else None)
        if base is not None:
            name = next((one for one in match.group("path", "attribute", "other") if one is not None), found)
            hint = did_you_mean(name, subclass_names(base))
            return places.error(key, f"{_short(name) or 'nothing'} is no {base.__name__}", hint)
    if match := _NO_CONFIG.search(text):
        return places.error(key, f"expected a mapping, or a file with one, found {_short(match.group(1))}")
    if literals := _LITERAL.findall(text):
        choices = [choice.strip("'\" ") for literal in literals for choice in literal.split(",")]
        return places.error(key, f"{_short(found)!r} is not among the choices", did_you_mean(found, choices))
    if kinds := [one or other.strip() for one, other in _EXPECTED.findall(text)]:
        expected = " or ".join(dict.fromkeys(_IN_WORDS.get(kind, kind) for kind in kinds))
        return places.error(key, f"expected {expected}, found {_short(found)}")
    return places.error(key, " ".join(text.split())[:300])


def module_missing(error: BaseException) -> str | None:
    """The module of a class path that Python does not find, as the parser's error tells it."""
    match = _NO_MODULE.search(str(error))
    return match.group(1) if match else None


def _short(value: str) -> str:
    if value.startswith("Namespace("):
        # What is wrong lies deeper, where the parser does not say.
        value = named.group(1) if (named := _CLASS_FOUND.search(value)) else "a mapping"
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."


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

"""Configuration files as text: what is wrong in them, and on which line."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from rnnbench.errors import UserError

_LONGEST = 1_000_000
_DEEPEST = 50
_MOST_VALUES = 100_000
_LONGEST_NUMBER = 4_000  # Python refuses to read one of 4,300 digits
_NAMES = ("--config", "-c", "--ckpt_path")
_NO_TEXT = re.compile("[\ud800-\udfff]")
_MERGE = "tag:yaml.org,2002:merge"
_DATE = "tag:yaml.org,2002:timestamp"


def check_config_file(path: Path) -> None:
    """Finds what the parser would not, or not with its line: broken syntax, a form no configuration has, repeated keys.

    Raises:
        UserError: The file is not a YAML mapping of text to values, or too large to be a configuration.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text (byte {error.start})", where=path, hint="save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=path) from None
    try:
        check_extent(text, path)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else path
        problem = str(getattr(error, "problem", None) or error).splitlines()[0]
        raise UserError(f"not valid YAML: {problem}", where=where) from None
    if tree is None:
        raise UserError("this configuration is empty", where=path)
    if not isinstance(tree, yaml.MappingNode):
        raise UserError("a configuration is a mapping of keys to values", where=path)
    _check_node(path, tree)


def check_options(words: Sequence[str]) -> None:
    """Refuses values on the command line, which are YAML too, that would take the parser's memory, time or stack."""
    for before, word in itertools.pairwise(["", *words]):
        option, equals, value = word.partition("=")
        if not (equals and option.startswith("--")):
            option, value = before, word
        # The names of files may hold any bytes; YAML is text.
        if option not in _NAMES and not value.isprintable() and _NO_TEXT.search(value):
            raise UserError("holds bytes that are no text in UTF-8", where=option)
        with contextlib.suppress(yaml.YAMLError):  # text that is no YAML is text
            check_extent(value, option)


def check_extent(text: str, where: object) -> None:
    """Refuses YAML that would take the memory, the time or the stack of whoever builds it.

    Aliases count as what they stand for: nine levels of nine aliases each are 43 million values in 300 characters.

    Args:
        text: The YAML.
        where: File or option, for the error.

    Raises:
        UserError: It is too long, too deep, or has too many values; or an anchor stands within itself.
        yaml.YAMLError: It is no YAML.
    """
    if len(text) > _LONGEST:
        raise UserError(f"{len(text):,} characters are too many for a configuration", where=where)
    opened: list[tuple[str | None, int]] = []  # anchor, and the values before it
    sizes: dict[str | None, int] = {}
    values = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            opened.append((event.anchor, values))
            values += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = values - before
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in (anchor for anchor, _ in opened):
                raise UserError(f"*{event.anchor} stands within itself", where=_at(where, line))
            values += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            values += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
            if len(event.value) > _LONGEST_NUMBER and event.value.lstrip("+-").replace("_", "").isdecimal():
                raise UserError(f"a number of {len(event.value):,} digits", where=_at(where, line))
        if len(opened) > _DEEPEST:
            raise UserError(f"nested more than {_DEEPEST} deep", where=_at(where, line))
        if values > _MOST_VALUES:
            raise UserError(f"more than {_MOST_VALUES:,} values, aliases counted in full", where=_at(where, line))


def _at(where: object, line: int) -> str:
    return f"{where}, line {line}"


def _check_node(path: Path, node: yaml.Node) -> None:
    """Looks for values that cannot be built, keys that are no text, and keys that stand twice."""
    if isinstance(node, yaml.ScalarNode):
        _built(path, node)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_node(path, item)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = _name(path, key, value)
            line = key.start_mark.line + 1
            if name in lines:
                raise UserError(
                    f"{name} stands twice, first on line {lines[name]}",
                    where=_at(path, line),
                    hint="the second would silently replace the first; keep one",
                )
            lines[name] = line
            _check_node(path, value)


def _name(path: Path, key: yaml.Node, value: yaml.Node) -> str:
    """The text of a key."""
    where = _at(path, key.start_mark.line + 1)
    if key.tag == _MERGE:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if not all(isinstance(part, yaml.MappingNode) for part in parts):
            raise UserError("<< takes a mapping, or a list of mappings", where=where)
        return "<<"
    if not isinstance(key, yaml.ScalarNode):
        raise UserError("a key is text, and here it is a list or a mapping", where=where)
    _built(path, key)
    return str(key.value)


def _built(path: Path, node: yaml.ScalarNode) -> object:
    """The value of a scalar. Dates are text here: no option takes one."""
    if node.tag == _DATE:
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problem = str(getattr(error, "problem", None) or error).partition(";")[0]
        raise UserError(problem, where=_at(path, node.start_mark.line + 1)) from None

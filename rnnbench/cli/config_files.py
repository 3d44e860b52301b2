"""Configuration files as text: what is wrong in them, and on which line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rnnbench.errors import UserError


def named_files(words: Sequence[str]) -> list[Path]:
    """The files that a command line names with ``--config``, in order."""
    files = [word.partition("=")[2] for word in words if word.startswith(("--config=", "-c="))]
    files += [value for option, value in itertools.pairwise(words) if option in ("--config", "-c")]
    return [Path(name) for name in files if Path(name).is_file()]


def check_config_file(path: Path) -> None:
    """Finds what the parser would not: broken syntax with its line, and keys that stand twice.

    Raises:
        UserError: The file is not a YAML mapping without repeated keys.
    """
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text (byte {error.start})", where=path, hint="save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=path) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else path
        raise UserError(f"not valid YAML: {getattr(error, 'problem', error)}", where=where) from None
    if tree is None:
        raise UserError("this configuration is empty", where=path)
    if not isinstance(tree, yaml.MappingNode):
        raise UserError("a configuration is a mapping of keys to values", where=path)
    _check_repeated(path, tree)


def _check_repeated(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_repeated(path, item)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[Any, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in lines:
            raise UserError(
                f"{key.value} stands twice, first on line {lines[key.value]}",
                where=f"{path}, line {line}",
                hint="the second would silently replace the first; keep one",
            )
        lines[key.value] = line
        _check_repeated(path, value)


def place_of(key: str, files: Sequence[Path]) -> str | None:
    """File and line where a dotted key stands; None where no file has it.

    Args:
        key: Such as ``model.backbone.hidden_size``; ``init_args`` may be left out.
        files: The files, of which later ones override earlier ones.
    """
    parts = [part for part in re.split(r"\.", key) if part != "init_args"]
    for path in reversed(files):
        line = _line(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), parts)
        if line is not None:
            return f"{path}, line {line}"
    return None


def _line(node: yaml.Node | None, parts: list[str]) -> int | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == "init_args":
            line = _line(value, parts)
            if line is not None:
                return line
        elif key.value == parts[0]:
            return key.start_mark.line + 1 if len(parts) == 1 else _line(value, parts[1:])
    return None

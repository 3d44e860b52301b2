"""Where an option was set: on the command line, or in which line of which file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import yaml

from rnnbench.errors import UserError


class Places:
    """Knows where each option was set.

    Args:
        words: The command line: verb and options.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._verb = f"rnnbench {words[0]}"
        self._typed = {word.partition("=")[0] for word in words}
        self.files = named_files(words)

    def error(self, key: str, problem: str, hint: str | None = None) -> UserError:
        """The error of an option's value.

        Args:
            key: Such as ``model.init_args.backbone.init_args.hidden_size``; empty where it is that of no option.
            problem: What is wrong with it.
            hint: What to do.
        """
        if not key:
            return UserError(problem, where=self.files[-1] if self.files else self._verb, hint=hint)
        option = f"--{key.replace('init_args.', '')}"
        # The command line comes after all files and overrides them.
        where = option if option in self._typed else place_of(key, self.files) or option
        return UserError(f"{key.replace('init_args.', '')}: {problem}", where=where, hint=hint)


def named_files(words: Sequence[str]) -> list[Path]:
    """The files that a command line names with ``--config``, in order."""
    files = [word.partition("=")[2] for word in words if word.startswith(("--config=", "-c="))]
    files += [value for option, value in itertools.pairwise(words) if option in ("--config", "-c")]
    return [Path(name) for name in files if Path(name).is_file()]


def place_of(key: str, files: Sequence[Path]) -> str | None:
    """File and line where a dotted key stands; None where no file has it.

    Args:
        key: Such as ``model.backbone.hidden_size``; ``init_args`` may be left out.
        files: The files, of which later ones override earlier ones.
    """
    parts = [part for part in key.split(".") if part != "init_args"] or ["init_args"]
    for path in reversed(files):
        line = _line(_tree(path), parts)
        if line is not None:
            return f"{path}, line {line}"
    return None


def place_of_name(name: str, files: Sequence[Path]) -> str | None:
    """File and line where a key of this name stands, at whatever depth; None where no file has it."""
    for path in reversed(files):
        waiting = [_tree(path)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == name:
                        return f"{path}, line {key.start_mark.line + 1}"
                    waiting.append(value)
    return None


def _tree(path: Path) -> yaml.Node | None:
    return yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)


def _line(node: yaml.Node | None, parts: list[str]) -> int | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == parts[0]:
            return key.start_mark.line + 1 if len(parts) == 1 else _line(value, parts[1:])
        if key.value == "init_args":
            line = _line(value, parts)
            if line is not None:
                return line
    return None

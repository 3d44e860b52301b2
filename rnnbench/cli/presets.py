"""Presets: configurations that are shipped, named by their path without ``.yaml``.

An application from outside brings its own: ``digits/quick`` is ``configs/quick.yaml`` in the folder of `digits`.
"""

from __future__ import annotations

from pathlib import Path

from rnnbench.applications import applications
from rnnbench.errors import UserError, did_you_mean
from rnnbench.folders import configs_folder

_OPTIONS = ("-c", "--config")
# Folders of files that are no configurations of a run.
_OTHERS = ("studies", "sweeps")


def preset_names() -> list[str]:
    """All presets, such as ``text_generation/char_lstm`` or ``cells/gru``."""
    return sorted({*(name for name in _names() if name.partition("/")[0] not in _OTHERS), *_brought()})


def study_names() -> list[str]:
    """All studies that are shipped, such as ``studies/cells``."""
    return [name for name in _names() if name.startswith("studies/")]


def _names() -> list[str]:
    root = configs_folder()
    return sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.yaml"))


def _brought() -> dict[str, Path]:
    """The presets that applications from outside bring, by name."""
    return {
        f"{name}/{path.stem}": path
        for name, application in applications().items()
        for path in sorted((application.folder / "configs").glob("*.yaml"))
    }


def config_path(name: str) -> Path:
    """The file of a configuration: a path to one, or a preset's name.

    Raises:
        UserError: It is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    alone = name.removesuffix(".yaml")
    shipped = configs_folder() / f"{alone}.yaml"
    if shipped.is_file():
        return shipped
    brought = _brought().get(alone)
    if brought is not None:
        return brought
    near = did_you_mean(name, preset_names())
    hint = near if near.startswith("did you mean") else "all presets: rnnbench list presets"
    raise UserError("there is no such file or preset", where=f"--config {name}", hint=hint)


def preset_of(path: Path) -> str | None:
    """Name of the preset that a file is; None for a user's own file."""
    root = configs_folder().resolve()
    path = path.resolve()
    if path.is_relative_to(root):
        return path.relative_to(root).with_suffix("").as_posix()
    return next((name for name, brought in _brought().items() if brought.resolve() == path), None)


def resolve_configs(words: list[str]) -> tuple[list[str], list[Path]]:
    """Puts paths in the place of preset names.

    Args:
        words: Words of the command line.

    Returns:
        The words, and the configuration files in the order they are named.
    """
    resolved: list[str] = []
    files: list[Path] = []
    expects_value = False
    for word in words:
        option, equals, value = word.partition("=")
        if expects_value:
            files.append(config_path(word))
            resolved.append(str(files[-1]))
            expects_value = False
        elif equals and option in _OPTIONS:
            files.append(config_path(value))
            resolved.append(f"{option}={files[-1]}")
        else:
            expects_value = word in _OPTIONS
            resolved.append(word)
    return resolved, files

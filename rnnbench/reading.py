"""The one place where files of users are opened, and where whatever a reader raises becomes file, fault and remedy."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnbench.errors import UserError


@contextmanager
def reading(where: object, what: str = "cannot be read", hint: str | None = None) -> Iterator[None]:
    """Turns every exception of a reader into one that names the file.

    Libraries raise whatever their many parts raise of a damaged file, and other things in other versions, so nothing
    is listed here: what a `UserError` says goes through, and anything else means that the file is no good.

    Args:
        where: The file, or the place in it.
        what: What that means, such as ``not a Parquet file``.
        hint: What to do about it.

    Raises:
        UserError: Anything went wrong.
    """
    try:
        yield
    except (UserError, ModuleNotFoundError):  # a missing extra is no fault of the file
        raise
    except MemoryError:
        raise UserError(f"{what}: it does not fit into memory", where=where, hint=hint) from None
    except RecursionError:
        raise UserError(f"{what}: it is nested too deeply", where=where, hint=hint) from None
    except OSError as error:
        raise UserError(f"{what}: {error.strerror or _said(error)}", where=where, hint=hint) from None
    except Exception as error:
        raise UserError(f"{what}: {_said(error)}", where=where, hint=hint) from None


def read_file(path: Path) -> bytes:
    """The content of a file.

    Args:
        path: The file.

    Raises:
        UserError: It is not there, is no ordinary file, or cannot be read.
    """
    check_file(path)
    with reading(path, hint="check its permissions"):
        return path.read_bytes()


def check_file(path: Path) -> None:
    """Refuses what is no ordinary file: reading a pipe or a device may never end.

    Args:
        path: The file.

    Raises:
        UserError: It is not there, is no ordinary file, or may not be looked at.
    """
    with reading(path, hint="check its permissions, and where links lead"):
        try:
            kind = kind_of(path)
        except (FileNotFoundError, NotADirectoryError):
            raise UserError("there is no such file", where=path) from None
    if kind is not None:
        raise UserError(f"no file but {kind}", where=path, hint="copy its content into a file")


def kind_of(path: Path) -> str | None:
    """What something is that is no ordinary file, such as ``a folder``; None for one.

    Args:
        path: It is there.

    Raises:
        OSError: It is not there, or may not be looked at.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def entries(folder: Path) -> list[Path]:
    """What stands in a folder, sorted, without what is hidden.

    Args:
        folder: The folder.

    Raises:
        UserError: It cannot be listed.
    """
    with reading(folder, "cannot be listed", "check its permissions"):
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def user_path(name: str, option: str) -> Path:
    """A path as a user wrote it, with the home folder in the place of ``~``.

    Args:
        name: The path.
        option: The option that holds it.

    Raises:
        UserError: No file can have such a name.
    """
    if not name.strip():
        raise UserError("names no file and no folder", where=option)
    if "\0" in name:
        raise UserError(f"no path: {name!r}", where=option)
    try:
        return Path(name).expanduser()
    except RuntimeError:
        user = name.partition("/")[0].removeprefix("~")
        raise UserError(f"there is no user {user!r}", where=f"{option} {name}") from None


def real_path(path: Path) -> Path:
    """A path with its links followed, as far as they lead anywhere."""
    # Not `Path.resolve`, which raises where links lead in a circle.
    return Path(os.path.realpath(path))


def _said(error: Exception) -> str:
    """The first line of an exception's message, cut where it is no end."""
    return next((line.strip() for line in str(error).split("\n") if line.strip()), type(error).__name__)[:200]

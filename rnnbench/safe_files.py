"""Files that are read with a plain message and written whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.reading import kind_of, read_file, user_path


def read_text(path: Path) -> str:
    """The text of ``path``; a byte order mark, as spreadsheets write it, is dropped."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"not UTF-8 text (byte {error.start})", where=path, hint="save the file as UTF-8") from None
    return text.replace("\r\n", "\n")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as comma-separated values, the same on every machine."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def replace_text(path: Path, text: str) -> None:
    """Make ``text`` the whole content of ``path``; whatever fails on the way, the file there before stays as it was.

    Args:
        path: The file to write; its folder exists.
        text: Its new content. Lone surrogates (file names that are not UTF-8) are written as escapes.
    """
    replace_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def replace_bytes(path: Path, content: bytes) -> None:
    """Make ``content`` the whole of ``path``; whatever fails on the way, the file there before stays as it was.

    Args:
        path: The file to write; its folder exists.
        content: Its new content.
    """
    with whole_file(path) as part:
        part.write_bytes(content)


@contextmanager
def whole_file(
    path: Path, hint: str = "what stood there before is unchanged; free some space or choose another place"
) -> Iterator[Path]:
    """Gives a file to write into, which takes the place of ``path`` once it is written: nobody ever sees a part of it.

    Two processes may write the same file at once; the last one stays.

    Args:
        path: The file; its folder exists.
        hint: What to do where it cannot be written.

    Raises:
        UserError: The file cannot be written.
    """
    _refuse_other(path)
    # In the same folder, because a rename is atomic only within one file system.
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        try:
            yield part
            with part.open("r+b") as file:  # Windows flushes no file that cannot be written
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", where=path, hint=hint) from error


def new_file(name: str) -> Path:
    """The type of an option that names a file to write: what cannot be written is told before the work, not after it.

    Args:
        name: The path as a user wrote it.

    Raises:
        UserError: Its folder is not there or may not be written into, or what stands there is no file.
    """
    path = user_path(name, "the file to write")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", where=path, hint="make it, or choose another place")
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"nothing may be written into {path.parent}", where=path, hint="choose another place")
    _refuse_other(path)
    return path


def _refuse_other(path: Path) -> None:
    """Refuses to put a file in the place of a folder, a pipe or a device, such as ``/dev/null``."""
    with contextlib.suppress(OSError):  # where nothing is; what cannot be looked at says so when it is written
        kind = kind_of(path)
        if kind is not None:
            raise UserError(f"no file but {kind}", where=path, hint="choose another place")


def check_folder(folder: Path) -> None:
    """Says of a folder that is written into if it was removed, or renamed, meanwhile.

    Args:
        folder: It was there.

    Raises:
        UserError: It is there no more.
    """
    if not folder.is_dir():
        raise UserError(
            "this folder is gone: somebody removed or renamed it",
            where=folder,
            hint="leave it there while it is in use",
        )

"""Single members read out of a source archive or wheel; nothing is unpacked and no code in it is run."""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection
from pathlib import PurePosixPath
from typing import BinaryIO

from rnnbench.errors import UserError


def check_member_name(name: str, where: object) -> None:
    """Refuses a path that could lead out of the folder it is put in.

    Args:
        name: Path in an archive.
        where: What holds the name, for the error.

    Raises:
        UserError: The path is absolute, has ``..`` or empty parts, or is written with a drive or backslashes.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(mark in name for mark in ("\\", ":", "\0")):
        raise UserError(f"{name!r} is no plain relative path", where=where)


def read_members(file: BinaryIO, name: str, members: Collection[str]) -> dict[str, bytes]:
    """The content of some members of an archive.

    Args:
        file: The archive.
        name: Its file name, which tells its kind.
        members: Full paths in the archive.

    Raises:
        UserError: The archive is of another kind or broken, or a member is missing, unsafe or no regular file.
    """
    for member in members:
        check_member_name(member, where=name)
    read = _reader(name)
    try:
        contents = read(file, name, frozenset(members))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise UserError(f"the archive cannot be read: {error}", where=name) from error
    missing = [member for member in members if member not in contents]
    if missing:
        raise UserError(f"the archive has no file {missing[0]}", where=name)
    return {member: contents[member] for member in members}


def _reader(name: str) -> Callable[[BinaryIO, str, frozenset[str]], dict[str, bytes]]:
    if name.endswith((".whl", ".zip")):
        return _from_zip
    if PurePosixPath(name).suffix in (".gz", ".bz2", ".xz", ".tgz", ".tar"):
        return _from_tar
    raise UserError("neither a source archive nor a wheel", where=name)


def _from_tar(file: BinaryIO, name: str, members: frozenset[str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for info in archive:
            if info.name in members:
                content = archive.extractfile(info) if info.isreg() else None
                if content is None:
                    raise _not_regular(info.name, name)
                contents[info.name] = content.read()
                if len(contents) == len(members):
                    break
    return contents


def _from_zip(file: BinaryIO, name: str, members: frozenset[str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.filename in members:
                mode = info.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise _not_regular(info.filename, name)
                contents[info.filename] = archive.read(info)
    return contents


def _not_regular(member: str, where: str) -> UserError:
    return UserError(f"{member} is a link or something else that is no regular file", where=where)

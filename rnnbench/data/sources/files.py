"""The user's own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnnbench.data.cards import Size, UserFiles, load_origin, names_card
from rnnbench.data.formats.columns import COLUMN_READERS
from rnnbench.data.formats.parallel import parallel_files, read_parallel
from rnnbench.data.formats.place import place_in
from rnnbench.data.formats.records import RECORD_READERS
from rnnbench.data.formats.text_file import state_of
from rnnbench.data.kept import LARGE_RECORDS, LARGE_TEXT, folder_of
from rnnbench.data.lazy import Joined
from rnnbench.data.source import SPLITS, Document, Row, Source, Split
from rnnbench.data.sources.contiguous import Fractions, check_fractions, part
from rnnbench.data.sources.file_reader import COLUMN, TEXT, FileReader
from rnnbench.data.sources.folder import PACKED, split_files
from rnnbench.errors import UserError
from rnnbench.reading import real_path, user_path

_SUFFIXES = (TEXT, *RECORD_READERS, *COLUMN_READERS)
_FRACTIONS: Fractions = (0.9, 0.05, 0.05)


class Files(Source):
    """Text files, or records of JSON, Parquet, CSV, TSV or CoNLL: one file that is cut, or a folder with splits.

    Args:
        path: A UTF-8 text file, or a ``.jsonl``, ``.json``, ``.parquet``, ``.csv``, ``.tsv``, ``.conll``, ``.conllu``
            or ``.ptb`` (trees) file, which is cut into train, validation and test in this order; or a folder
            with the three as files of these kinds (``train.txt``, ``ptb.valid.txt``, ``test-00000-of-00001.parquet``)
            or as sub-folders of text files, a document each. For translation also a folder with parallel text
            (``train.de``, ``train.en``), or ``FOLDER/NAME`` for ``NAME.de`` and ``NAME.en``, which are cut by lines.
        column: Column that holds the text of a record.
        columns: Names of the columns of ``.csv`` and ``.tsv`` files without a first line that names them, such as
            ``[text, label]``; and of ``.conll`` files, such as ``[tokens, pos, tags]``, where without names the first
            column holds the tokens and the last one the tags.
        fractions: Shares of train, validation and test when ``path`` is one file, counted in characters or records.
        test: What the test file is called, without its extension, where a folder has several: ``test_2017``.
        card: Name of the data card that these files have to agree with, such as ``penn_treebank``; ``none`` for
            none.
    """

    def __init__(
        self,
        path: str,
        column: str = COLUMN,
        columns: list[str] | None = None,
        fractions: Fractions = _FRACTIONS,
        test: str | None = None,
        card: str | None = None,
    ) -> None:
        check_fractions(fractions, where="--data.source.fractions")
        self.path = user_path(path, "--data.source.path")
        self.column = column
        if columns is not None and len(set(columns)) < len(columns):
            raise UserError(f"two columns have one name: {', '.join(columns)}", where="--data.source.columns")
        self.columns = columns
        self.fractions: Fractions = fractions
        self.test = test
        self.origin: UserFiles | None = None
        self.sizes: dict[Split, Size] = {}
        resolved = real_path(self.path)
        self.dataset = resolved.stem if resolved.suffix.lower() in _SUFFIXES else resolved.name
        if names_card(card):
            found, self.origin = load_origin(card, UserFiles)
            self.dataset, self.sizes = found.name, found.splits
            if self.fractions != _FRACTIONS:
                raise UserError(
                    f"the splits of {card} are fixed",
                    where="--data.source.fractions",
                    hint="leave out this option, or take no card: --data.source.card none",
                )
        self._reader = FileReader(self.path, column, columns, self.dataset, self.origin, test)

    def rows(self, split: Split) -> Sequence[Row]:
        """A row for each text file or record.

        Args:
            split: The split.

        Raises:
            UserError: Something is missing, empty, unreadable, or not what the card says.
        """
        return self._rows(split, as_text=True)

    def records(self, split: Split) -> Sequence[Row]:
        """A row for each record as it is in the file, or for each line of parallel text, by languages.

        Args:
            split: The split.

        Raises:
            UserError: Something is missing, empty, unreadable, or not what the card says.
        """
        if self.column != COLUMN:
            raise UserError(
                "the columns stay as they are here",
                where=f"--data.source.column {self.column}",
                hint="leave this option out: the application's own options name the columns",
            )
        parallel = self._parallel(split)
        if not parallel:
            return self._rows(split, as_text=False)
        self._reader.check_no_columns(next(iter(parallel.values())))
        if self.path.is_dir():
            self._check_folder()
            return read_parallel(parallel)
        self._check_cut()
        rows = read_parallel(parallel)
        found = rows[part(len(rows), self.fractions, split)]
        if not found:
            raise self._nothing_in(split)
        return found

    def documents(self, split: Split) -> Sequence[str | Document]:
        """A document for each text file, which is read piece by piece, or for each record.

        Args:
            split: The split.

        Raises:
            UserError: Something is missing, empty, unreadable, or not what the card says.
        """
        files = self.text_files(split)
        if files is None:
            return super().documents(split)
        if self.path.is_dir():
            found = [self._reader.measured(path, split) for path in files]
        else:
            self._check_cut()
            whole = self._reader.measured(self.path, "whole")
            span = part(whole.characters, self.fractions, split)
            found = [whole.part(span)] if span.start < span.stop else []
        self._check_size(split, len(found))
        return found

    def kept_in(self) -> Path | None:
        """See `Source.kept_in`.

        Raises:
            UserError: There is no such split, or a file cannot be looked at.
        """
        if not self.path.exists() or self._parallel("train"):
            return None
        files = {split: self._files_of(split) for split in SPLITS}
        if not any(map(self._is_large, files.values())):
            return None
        return folder_of(files, 0, self.column, self.columns, self.fractions)

    def text_files(self, split: Split) -> list[Path] | None:
        """The files of a split if it is nothing but plain text, one document a file; None where it is not.

        Args:
            split: The split.
        """
        if self.column != COLUMN or self.columns is not None or not self.path.exists() or self._parallel(split):
            return None
        files = self._files_of(split)
        return files if all(map(self._reader.is_plain, files)) else None

    def _files_of(self, split: Split) -> list[Path]:
        return self._split_files(split) if self.path.is_dir() else [self.path]

    def _is_large(self, paths: Sequence[Path]) -> bool:
        size = sum(state_of(path)[0] for path in paths)
        return size >= LARGE_TEXT or (size >= LARGE_RECORDS and not all(map(self._reader.is_plain, paths)))

    def _nothing_in(self, split: Split) -> UserError:
        hint = None
        if self.path.is_file():
            hint = (
                f"too little to cut it by --data.source.fractions {list(self.fractions)}: bring more, or other shares"
            )
        where = self.path
        if self.path.is_dir() and not self._parallel(split):
            # The first of several; a sub-folder may have none.
            where = next(iter(split_files(self.path, split, _SUFFIXES, self._name_of(split))), where)
        return UserError(f"the {split} split is empty", where=where, hint=hint)

    def _parallel(self, split: Split) -> dict[str, Path]:
        if self.path.is_file():
            return {}
        if not self.path.is_dir():
            return parallel_files(self.path, None)
        return parallel_files(self.path, split, self._name_of(split))

    def _name_of(self, split: Split) -> str | None:
        return self.test if split == "test" else None

    def _rows(self, split: Split, as_text: bool) -> Sequence[Row]:
        rows: Sequence[Row]
        if self.path.is_dir():
            rows = self._from_folder(split, as_text)
        elif self.path.is_file():
            rows = self._from_file(split, as_text)
        else:
            hint = "name a text file, or a folder with train.txt, validation.txt and test.txt"
            raise UserError(
                "there is no such file or folder",
                where=f"--data.source.path {self.path}",
                hint=hint if self.origin is None else f"get it here: {self.origin.get}",
            )
        self._check_size(split, len(rows))
        return rows

    def _check_size(self, split: Split, size: int) -> None:
        if not size:
            raise self._nothing_in(split)
        # Of several test sets the card has the size of one.
        wanted = self.sizes[split].rows if split in self.sizes and self._name_of(split) is None else None
        if wanted not in (None, size):
            raise UserError(
                f"{split} has {size:,} rows, and {wanted:,} by the card of {self.dataset}",
                where=f"--data.source.path {self.path}",
                hint="bring all of it, correct a card of your own, or take no card: --data.source.card none",
            )

    def place(self, split: Split, number: int) -> str:
        """File and line of a row; of Parquet and CoNLL files, the number of the record.

        Args:
            split: The split.
            number: Number of the row in it, from 0.
        """
        parallel = self._parallel(split)
        if parallel:
            size = len(read_parallel(parallel))
            start = 0 if self.path.is_dir() else part(size, self.fractions, split).start
            return f"{', '.join(map(str, parallel.values()))}, line {number + start + 1}"
        if self.path.is_file():
            size = len(self._reader.rows(self.path, "whole", large=self._is_large([self.path])))
            return place_in(self.path, number + part(size, self.fractions, split).start, self.columns is None)
        paths = split_files(self.path, split, _SUFFIXES, self._name_of(split))
        for path in paths:
            size = len(self._reader.rows(path, split, large=self._is_large(paths)))
            if number < size:
                return place_in(path, number, self.columns is None)
            number -= size
        return super().place(split, number)

    def _from_folder(self, split: Split, as_text: bool) -> Sequence[Row]:
        paths = self._split_files(split)
        if self._is_large(paths):
            return Joined([self._reader.rows(path, split, as_text, large=True) for path in paths])
        return [row for path in paths for row in self._reader.rows(path, split, as_text)]

    def _split_files(self, split: Split) -> list[Path]:
        self._check_folder()
        paths = split_files(self.path, split, _SUFFIXES, self._name_of(split))
        if self._fixed() and (len(paths) > 1 or paths[0].parent != self.path):
            raise UserError(
                f"the card fixes {split} as one file, and here it is a sub-folder or in parts",
                where=self.path,
                hint="bring the original file, or take no card: --data.source.card none",
            )
        return paths

    def _from_file(self, split: Split, as_text: bool) -> Sequence[Row]:
        suffix = self.path.suffix.lower()
        if suffix not in _SUFFIXES:
            raise UserError(
                f"files of kind {suffix or '(no extension)'} cannot be read",
                where=f"--data.source.path {self.path}",
                hint=f"unpack it: {PACKED[suffix]} {self.path}"
                if suffix in PACKED
                else f"can be read: {', '.join(_SUFFIXES)}; plain text of another name: rename it to NAME.txt",
            )
        self._check_cut()
        rows = self._reader.rows(self.path, "whole", as_text, self._is_large([self.path]))
        if suffix != TEXT or "text" not in rows[0]:
            return rows[part(len(rows), self.fractions, split)]
        text = rows[0]["text"]
        piece = text[part(len(text), self.fractions, split)]
        return [{"text": piece}] if piece else []

    def _fixed(self) -> bool:
        return self.origin is not None and bool(self.origin.sha256)

    def _check_folder(self) -> None:
        if self.fractions != _FRACTIONS:
            raise UserError(
                f"{self.path} is a folder, which has its own splits",
                where="--data.source.fractions",
                hint="leave this option out, or name one file with --data.source.path",
            )

    def _check_cut(self) -> None:
        if self.test is not None:
            raise UserError(
                f"{self.path} is cut into splits",
                where=f"--data.source.test {self.test}",
                hint="leave this option out, or name a folder with --data.source.path",
            )

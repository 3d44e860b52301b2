"""Data sets of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnbench.data.cards import OnHub, load_origin, names_card
from rnnbench.data.formats.arrow import ArrowRows, write_stream
from rnnbench.data.formats.class_names import name_classes
from rnnbench.data.formats.records import text_rows
from rnnbench.data.formats.text_file import state_of
from rnnbench.data.kept import LARGE_RECORDS, Kept, folder_for, folder_of
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.sources.contiguous import Fractions, check_fractions, part
from rnnbench.data.sources.folder import SPLIT_WORDS
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import reading, real_path, user_path

_COLUMN = "text"


class Hub(Source):
    """A data set of the Hugging Face hub; no code of its author is run.

    It is kept in the cache of the ``datasets`` library (``HF_HOME``). Where it is streamed, no more is fetched than the
    rows that are wanted, which lie in the cache of this package: every run reads the same ones in the same order.

    Args:
        name: Name on the hub, such as ``Salesforce/wikitext``, or a local folder of the same form.
        configuration: Which configuration of it, such as ``wikitext-2-raw-v1``.
        folder: Folder in it to read, where folders hold what elsewhere configurations name: on the branch
            ``refs/convert/parquet`` of data sets that are programs.
        revision: Branch, tag or commit; a commit pins the data.
        column: Column that holds the text.
        splits: Name that a split has there where it is another one, such as ``{train: train.100}``.
        fractions: Shares of train, validation and test, where it has one split alone, which is cut in this order.
        streaming: Whether to fetch no more than the rows that are read, for a data set that is larger than the disk;
            one of the hub needs a ``revision`` then, so that it stays the same.
        first: Read only so many rows of each split, those that stand first; null for all.
        card: Name of the data card that describes it; ``none`` for none.
    """

    def __init__(
        self,
        name: str,
        configuration: str | None = None,
        folder: str | None = None,
        revision: str | None = None,
        column: str = _COLUMN,
        splits: dict[str, str] | None = None,
        fractions: Fractions | None = None,
        streaming: bool = False,
        first: int | None = None,
        card: str | None = None,
    ) -> None:
        self.name = name
        self.configuration = configuration
        self.folder = folder
        self.revision = revision
        self.column = column
        self.names = splits or {}
        for split in self.names:
            if split not in SPLITS:
                raise UserError(
                    f"there is no split {split!r}", where="--data.source.splits", hint=did_you_mean(split, SPLITS)
                )
        self.fractions = fractions
        if fractions is not None:
            check_fractions(fractions, where="--data.source.fractions")
        local = user_path(name, "--data.source.name")
        if first is not None and first < 1:
            raise UserError(f"must be at least 1, found {first}", where="--data.source.first")
        if streaming and revision is None and not local.is_dir():
            raise UserError(
                "what is streamed today may be other rows tomorrow",
                where="--data.source.streaming",
                hint="name a commit of the data set: --data.source.revision COMMIT",
            )
        self.streaming = streaming
        self.first = first
        self._location = str(local) if local.is_dir() else name
        self.dataset = real_path(local).name if local.is_dir() else name
        for named in (configuration, folder, first):
            if named is not None:
                self.dataset += f"/{named}"
        self._splits: Mapping[str, Any] | None = None
        if names_card(card):
            found, origin = load_origin(card, OnHub)
            if origin.name != name:
                raise UserError(f"the card {card} describes {origin.name}", where=f"--data.source.name {name}")
            self.dataset = found.name

    def prepare(self) -> None:
        """Downloads what is missing."""
        if not self.streaming:
            self._load()
        else:
            for split in SPLITS:
                self._records(split)

    def rows(self, split: Split) -> Sequence[Row]:
        """A row for each record.

        Args:
            split: The split; ``validation`` may be called ``valid``, ``val`` or ``dev`` on the hub.

        Raises:
            UserError: The data set cannot be loaded, or has no such split or column.
        """
        return text_rows(self._records(split), self.column, where=self.name)

    def records(self, split: Split) -> Sequence[Row]:
        """The records as they are on the hub.

        Args:
            split: The split; ``validation`` may be called ``valid``, ``val`` or ``dev`` on the hub.

        Raises:
            UserError: The data set cannot be loaded, or has no such split.
        """
        if self.column != _COLUMN:
            raise UserError(
                "the columns stay as they are here",
                where=f"--data.source.column {self.column}",
                hint="leave this option out: the application's own options name the columns",
            )
        return self._records(split)

    def kept_in(self) -> Path | None:
        """See `Source.kept_in`."""
        files = {split: self._files(split) or [] for split in SPLITS}
        return folder_of(files, LARGE_RECORDS, self.column, self.first, self.fractions)

    def _records(self, split: Split) -> Sequence[Row]:
        # Not row by row through the library: so columns with audio or images come as bytes and are not decoded.
        with reading(self.name, f"the {split} split cannot be read"):
            files = self._files(split)
            if files is not None:
                records: Sequence[Row] = ArrowRows(files)
            else:
                whole = self._split(split)
                records = name_classes(whole.to_list(), whole.features.to_dict())
            size = len(records)
        if not size:
            raise UserError(f"the {split} split is empty", where=self.name)
        records = records if self.first is None else records[: self.first]
        if self.fractions is None:
            return records
        found = records[part(len(records), self.fractions, split)]
        if not found:
            raise UserError(f"{len(records)} records are too few to have a part for {split}", where=self.name)
        return found

    def _files(self, split: Split) -> list[Path] | None:
        """The Arrow files of a split; None where the library is told to keep it in memory."""
        if self.streaming:
            return [self._streamed(split)]
        return [Path(one["filename"]) for one in self._split(split).cache_files] or None

    def _streamed(self, split: Split) -> Path:
        """The rows of a stream, read once from its beginning and written down as they come."""
        local = Path(self._location)
        states = [(str(path), *state_of(path)) for path in sorted(local.rglob("*")) if path.is_file()]
        what = (self._location, self.configuration, self.folder, self.revision, self.first, self._names(split))
        folder = folder_for("stream", *what, states if local.is_dir() else None)
        file = folder / "rows.arrow"

        def make() -> dict[str, int]:
            found = self._split(split)
            write_stream(file, found if self.first is None else found.take(self.first))
            return {"bytes": file.stat().st_size}

        def find(made: dict[str, int]) -> Path:
            return ArrowRows([file], [made["bytes"]]).paths[0]

        return Kept(folder, self.dataset)("rows", make, find)

    def _names(self, split: Split) -> tuple[str, ...]:
        """What a split may be called there; nothing where the only one is cut, whatever it is called."""
        if self.fractions is not None:
            return ()
        return (self.names[split],) if split in self.names else SPLIT_WORDS[split]

    def _split(self, split: Split) -> Any:
        splits = self._load()
        if self.fractions is not None:
            if len(splits) != 1 or self.names:
                raise UserError(
                    f"one split alone is cut; its splits: {', '.join(splits)}",
                    where="--data.source.fractions",
                    hint="leave it out; --data.source.splits says what they are called",
                )
            return next(iter(splits.values()))
        found = next((name for name in self._names(split) if name in splits), None)
        if found is None:
            named = "" if split not in self.names else f" called {self.names[split]}"
            hint = "--data.source.fractions '[0.9, 0.05, 0.05]' cuts it" if len(splits) == 1 else None
            raise UserError(
                f"there is no {split} split{named}; its splits: {', '.join(splits)}", where=self.name, hint=hint
            )
        return splits[found]

    def _load(self) -> Mapping[str, Any]:
        if self._splits is None:
            import datasets

            try:
                with _no_bars():
                    self._splits = datasets.load_dataset(
                        self._location,
                        self.configuration,
                        data_dir=self.folder,
                        revision=self.revision,
                        streaming=self.streaming,
                    )
            except Exception as error:
                # The library raises whatever its many parts raise; any of it means: not to be had, and here is why.
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                hint = "a copy on this machine: --data.source Files --data.source.path FOLDER"
                if isinstance(error, ValueError):
                    hint = f"see --data.source.configuration; {hint}"
                raise UserError(
                    f"cannot be loaded: {reason}", where=f"--data.source.name {self.name}", hint=hint
                ) from error
        return self._splits


@contextmanager
def _no_bars() -> Iterator[None]:
    """Without the bars of generating splits; those of downloads, which can take long, stay."""
    import datasets

    were_off = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            datasets.enable_progress_bars()

"""Data sets of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rnnbench.data.cards import OnHub, load_origin, names_card
from rnnbench.data.formats.class_names import name_classes
from rnnbench.data.formats.records import text_rows
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.sources.contiguous import Fractions, check_fractions, part
from rnnbench.data.sources.folder import SPLIT_WORDS
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import reading, real_path, user_path

_COLUMN = "text"


class Hub(Source):
    """A data set of the Hugging Face hub; no code of its author is run.

    It is kept in the cache of the ``datasets`` library (``HF_HOME``).

    Args:
        name: Name on the hub, such as ``Salesforce/wikitext``, or a local folder of the same form.
        configuration: Which configuration of it, such as ``wikitext-2-raw-v1``.
        folder: Folder in it to read, where folders hold what elsewhere configurations name: on the branch
            ``refs/convert/parquet`` of data sets that are programs.
        revision: Branch, tag or commit; a commit pins the data.
        column: Column that holds the text.
        splits: Name that a split has there where it is another one, such as ``{train: train.100}``.
        fractions: Shares of train, validation and test, where it has one split alone, which is cut in this order.
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
        self._location = str(local) if local.is_dir() else name
        self.dataset = real_path(local).name if local.is_dir() else name
        for named in (configuration, folder):
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
        self._load()

    def rows(self, split: Split) -> list[Row]:
        """A row for each record.

        Args:
            split: The split; ``validation`` may be called ``valid``, ``val`` or ``dev`` on the hub.

        Raises:
            UserError: The data set cannot be loaded, or has no such split or column.
        """
        return text_rows(self._records(split), self.column, where=self.name)

    def records(self, split: Split) -> list[Row]:
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

    def _records(self, split: Split) -> list[Row]:
        splits = self._load()
        if self.fractions is not None:
            return self._cut(splits, self.fractions, split)
        names = (self.names[split],) if split in self.names else SPLIT_WORDS[split]
        found = next((name for name in names if name in splits), None)
        if found is None:
            named = "" if split not in self.names else f" called {self.names[split]}"
            hint = "--data.source.fractions '[0.9, 0.05, 0.05]' cuts it" if len(splits) == 1 else None
            raise UserError(
                f"there is no {split} split{named}; its splits: {', '.join(splits)}", where=self.name, hint=hint
            )
        records = self._read(splits[found], found)
        if not records:
            raise UserError(f"the {split} split is empty", where=self.name)
        return records

    def _cut(self, splits: Mapping[str, Any], fractions: Fractions, split: Split) -> list[Row]:
        if len(splits) != 1 or self.names:
            raise UserError(
                f"one split alone is cut; its splits: {', '.join(splits)}",
                where="--data.source.fractions",
                hint="leave it out; --data.source.splits says what they are called",
            )
        ((name, only),) = splits.items()
        records = self._read(only, name)
        found = records[part(len(records), fractions, split)]
        if not found:
            raise UserError(f"{len(records)} records are too few to have a part for {split}", where=self.name)
        return found

    def _read(self, records: Any, name: str) -> list[Row]:
        # All at once and not row by row: so columns with audio or images come as bytes and are not decoded.
        with reading(self.name, f"the {name} split cannot be read"):
            return name_classes(records.to_list(), records.features.to_dict())

    def _load(self) -> Mapping[str, Any]:
        if self._splits is None:
            import datasets

            try:
                with _no_bars():
                    self._splits = datasets.load_dataset(
                        self._location, self.configuration, data_dir=self.folder, revision=self.revision
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

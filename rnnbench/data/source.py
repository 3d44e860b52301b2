"""What every source of data offers: rows, split by split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from rnnbench.data.lazy import Chosen, Numbers, each
from rnnbench.errors import UserError, did_you_mean

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Row = dict[str, Any]
"""Plain values by name; a text document is ``{"text": str}``, with ``name`` where it has one."""


class Dealt(Chosen[Row]):
    """Rows of a split that were dealt anew. The data are known by those that stand there otherwise.

    Args:
        rows: The rows of all hands.
        numbers: Which of them the split has.
        before: Those that it has otherwise.
    """

    def __init__(self, rows: Sequence[Row], numbers: Numbers, before: Sequence[Row]) -> None:
        super().__init__(rows, numbers)
        self.before = before


class Document(ABC):
    """A text that need not fit into memory: it is read in pieces, as often as is wanted."""

    @abstractmethod
    def __iter__(self) -> Iterator[str]:
        """Its pieces, in order."""


def text_of(row: Row, where: Callable[[], str]) -> str:
    """The text of a row, for applications that need one.

    Args:
        row: The row.
        where: Says where it stands.

    Raises:
        UserError: It has none.
    """
    text = row.get("text")
    if not isinstance(text, str):
        hint = name_it("text", row)
        if "tokens" in row:
            hint = "tokens with tags are data for labelling; text stands in a column of its own"
        raise UserError(f"there is no text; the columns there: {', '.join(row)}", where=where(), hint=hint)
    return text


def name_it(column: str, row: Mapping[str, object]) -> str:
    """The hint for a column that is not there.

    Args:
        column: The name that the application reads.
        row: What is there.
    """
    near = did_you_mean(column, row).partition("did you mean: ")[2]
    return f"name it: --data.columns '{{{column}: {near or 'NAME'}}}'"


class Provider(ABC):
    """Where the samples of a data set come from, whatever they are."""

    dataset: str
    """Short name of the data set, as it stands in results."""

    def prepare(self) -> None:  # noqa: B027 - most have nothing to prepare
        """Fetches or generates what is missing into the cache; called once on a machine, before anything is read."""

    def details(self) -> dict[str, str]:
        """What was done to the data, to stand beside a result; empty where they are as they come."""
        return {}


class Source(Provider):
    """Where the rows of a data set come from."""

    @abstractmethod
    def rows(self, split: Split) -> Sequence[Row]:
        """All rows of one split, in their fixed order.

        Args:
            split: The split.

        Returns:
            At least one row. Those of large data are read when they are asked for, many at once if possible
            (`rnnbench.data.lazy.take`), and what is wrong with one is said then.

        Raises:
            UserError: The split is missing or empty, or cannot be read.
        """

    def records(self, split: Split) -> Sequence[Row]:
        """The rows of one split with the columns that they have in the data: none is asked for, none is renamed.

        For applications that read other columns than one with text.

        Args:
            split: The split.
        """
        return self.rows(split)

    def documents(self, split: Split) -> Sequence[str | Document]:
        """The texts of one split, where an application wants nothing else of its rows.

        Args:
            split: The split.
        """
        return each(self.rows(split), lambda row, number: text_of(row, partial(self.place, split, number)))

    def kept_in(self) -> Path | None:
        """Where in the cache that lies which is made of large data; its name tells them from all others, unread.

        Returns:
            The folder, which may not exist yet; None where data are small: all is made anew, in memory.
        """
        return None

    def place(self, split: Split, number: int) -> str:
        """Where a row stands, for errors.

        Args:
            split: The split.
            number: Number of the row in it, from 0.
        """
        return f"{self.dataset}, {split}, row {number + 1}"

"""A part of the training split of another source."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rnnbench.data.lazy import Chosen
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError


class Subset(Source):
    """Some rows of the training split, drawn at random; validation and test stay as they are.

    For learning curves: how good a model is with few examples. The same draw always gives the same rows, and a larger
    subset of one draw holds the smaller ones.

    Args:
        source: All rows.
        train: Number of rows to train on.
        draw: Number of the draw.
    """

    def __init__(self, source: Source, train: int, draw: int = 1) -> None:
        if train < 1:
            raise UserError(f"must be at least 1, found {train}", where="data.source.train")
        self.source = source
        self.train = train
        self.draw = draw
        self.dataset = f"{source.dataset}_{train}"

    def prepare(self) -> None:
        """Fetches what the other source needs."""
        self.source.prepare()

    def rows(self, split: Split) -> Sequence[Row]:
        """The rows of a split, in the order that they have in the other source.

        Args:
            split: The split.

        Raises:
            UserError: There are fewer.
        """
        return self._of(split, self.source.rows(split))

    def records(self, split: Split) -> Sequence[Row]:
        """See `Source.records`.

        Args:
            split: The split.
        """
        return self._of(split, self.source.records(split))

    def place(self, split: Split, number: int) -> str:
        """Where a row stands in the other source.

        Args:
            split: The split.
            number: Number of the row in the subset, from 0.
        """
        if split == "train":
            number = self._chosen(len(self.source.rows(split)))[number]
        return self.source.place(split, number)

    def kept_in(self) -> Path | None:
        """See `Source.kept_in`: beside that of all rows."""
        whole = self.source.kept_in()
        return None if whole is None else whole.with_name(f"{whole.name}-{self.train}-{self.draw}")

    def _of(self, split: Split, rows: Sequence[Row]) -> Sequence[Row]:
        return Chosen(rows, self._chosen(len(rows))) if split == "train" else rows

    def _chosen(self, size: int) -> list[int]:
        if size < self.train:
            raise UserError(
                f"train has {size:,} rows, and {self.train:,} are wanted", where="data.source.train", hint="take fewer"
            )
        return sorted(_shuffled(size, self.draw)[: self.train])


@functools.cache
def _shuffled(size: int, draw: int) -> list[int]:
    # Of Python's random numbers only these are the same in all its versions.
    random = Random(draw)
    keys = [random.random() for _ in range(size)]
    return sorted(range(size), key=keys.__getitem__)

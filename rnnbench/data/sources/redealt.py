"""Training and validation dealt anew with every seed, from the rows of both."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rnnbench.data.lazy import Joined
from rnnbench.data.source import Dealt, Row, Source, Split
from rnnbench.errors import UserError


class Redealt(Source):
    """The rows of training and validation in other hands: both keep their sizes, and test stays as it is.

    Seeds that vary the initialisation alone say too little of how sure a comparison is: much of what varies from study
    to study is which examples were trained on (X. Bouthillier et al., Accounting for Variance in Machine Learning
    Benchmarks, MLSys 2021). The data count as those that are dealt from, so that all seeds stand in one row. For
    applications that read rows as they are: sentiment, labelling.

    Args:
        source: All rows.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.dataset = source.dataset

    def prepare(self) -> None:
        """Fetches what the other source needs."""
        self.source.prepare()

    def details(self) -> dict[str, str]:
        """That training and validation are other rows with every seed, and so are vocabularies."""
        return {**self.source.details(), "dealt": "anew with every seed"}

    def rows(self, split: Split) -> Sequence[Row]:
        """The rows of a split, in the order in which they are dealt.

        Args:
            split: The split.
        """
        before = self.source.rows(split)
        if split == "test":
            return before
        train, validation = self.source.rows("train"), self.source.rows("validation")
        everything = Joined([train, validation])
        return Dealt(everything, self._hand(split, len(train), len(everything)), before)

    def records(self, split: Split) -> Sequence[Row]:
        """Refused: what other columns are called is the other source's to say."""
        raise UserError(
            "rows are dealt anew by the columns that the application reads",
            where="--data.columns",
            hint="name columns in the source that is dealt from, or leave the data as they are",
        )

    def kept_in(self) -> Path | None:
        """See `Source.kept_in`: beside that of all rows, another one for each seed."""
        whole = self.source.kept_in()
        return None if whole is None else whole.with_name(f"{whole.name}-dealt-{self._seed()}")

    def place(self, split: Split, number: int) -> str:
        """Where a row stands in the other source.

        Args:
            split: The split.
            number: Number of the row in it, from 0.
        """
        if split == "test":
            return self.source.place(split, number)
        size = len(self.source.rows("train"))
        dealt = self._hand(split, size, size + len(self.source.rows("validation")))[number]
        return self.source.place("train", dealt) if dealt < size else self.source.place("validation", dealt - size)

    def _hand(self, split: Split, train: int, size: int) -> list[int]:
        # Of Python's random numbers only these are the same in all its versions.
        random = Random(self._seed())
        keys = [random.random() for _ in range(size)]
        dealt = sorted(range(size), key=keys.__getitem__)
        return dealt[:train] if split == "train" else dealt[train:]

    def _seed(self) -> int:
        """What `seed_everything` leaves for all processes."""
        return int(os.environ.get("PL_GLOBAL_SEED", 0))

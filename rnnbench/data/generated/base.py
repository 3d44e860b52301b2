"""What sources that generate their data share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol, TypeVar

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError

_PATIENCE = 10_000

T = TypeVar("T")


class Choose(Protocol):
    """Chooses one of several things, each as likely as the others."""

    def __call__(self, options: Sequence[T], /) -> T:
        """One of the options."""


class Generated(Source):
    """Rows made by a grammar, the same on every machine; none stands there twice, in one split or in two.

    Args:
        card: Name of the data card.
        seed: Seed of all choices.
        sizes: Rows of each split, in the order in which they are made.
    """

    def __init__(self, card: str, seed: int, sizes: Mapping[Split, int]) -> None:
        self.dataset = load_origin(card, Builtin)[0].name
        self._seed = seed
        self._sizes = sizes
        self._made: dict[Split, list[Row]] = {}

    @abstractmethod
    def draw(self, split: Split, number: int, choose: Choose) -> Row | None:
        """Makes a row.

        Args:
            split: The split for which one is wanted.
            number: Rows that it has.
            choose: Makes every choice.

        Returns:
            The row; None if what was drawn belongs to another split.
        """

    @abstractmethod
    def text(self, row: Row) -> str:
        """What makes two rows the same."""

    def rows(self, split: Split) -> list[Row]:
        """The rows of a split.

        Args:
            split: The split.
        """
        if not self._made:
            self._made = self._make()
        return self._made[split]

    def _make(self) -> dict[Split, list[Row]]:
        random = Random(self._seed)

        def choose(options: Sequence[T], /) -> T:
            # Of Python's random numbers only these are the same in all its versions.
            return options[int(random.random() * len(options))]

        seen: set[str] = set()
        splits: dict[Split, list[Row]] = {}
        for split, size in self._sizes.items():
            rows: list[Row] = []
            tries = 0
            while len(rows) < size:
                row = self.draw(split, len(rows), choose)
                tries += 1
                if row is not None and (text := self.text(row)) not in seen:
                    seen.add(text)
                    rows.append(row)
                    tries = 0
                elif tries > _PATIENCE:
                    raise UserError(
                        f"there are not {size:,} different rows for {split}; found {len(rows):,}", where=self.dataset
                    )
            splits[split] = rows
        return splits


def rare(options: Sequence[T], choose: Choose) -> T:
    """One of the options, the first ones more often: one below a place that is drawn itself.

    Args:
        options: The options.
        choose: Makes the choices.
    """
    return choose(options[: 1 + choose(range(len(options)))])


def lexicon(kinds: Sequence[str], size: int, syllables: Sequence[Sequence[str]], seed: int) -> dict[str, list[str]]:
    """Made-up words, of which each kind has its own: their letters say nothing of the kind.

    Args:
        kinds: The kinds.
        size: How many words each has.
        syllables: What stands first in a word, second, and so on; there must be far more words than are asked for.
        seed: Seed of all choices.
    """
    random = Random(seed)
    words: dict[str, None] = {}
    while len(words) < size * len(kinds):
        words["".join(some[int(random.random() * len(some))] for some in syllables)] = None
    return {kind: list(words)[place :: len(kinds)] for place, kind in enumerate(kinds)}


def check_sizes(**sizes: int) -> None:
    """Refuses splits of nothing.

    Args:
        **sizes: Numbers of rows by the option that gave them.
    """
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"must be at least 1, found {size}", where=f"--data.source.{name}")

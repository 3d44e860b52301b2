"""Numbers, dates and times in the words of four languages, made by grammars."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, get_args

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.generated.numbers import chinese, english, french, german
from rnnbench.data.generated.numbers.word import join
from rnnbench.data.source import Row, Split
from rnnbench.errors import UserError, did_you_mean

Kind = Literal["numbers", "dates", "times"]

_LANGUAGES = {"en": english, "de": german, "fr": french, "zh": chinese}
_SEED = 8
_LARGEST = 10**12 - 1
_YEARS = range(1100, 2100)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class GeneratedPairs(Generated):
    """Numbers, dates and times in words in English (``en``), German, French and Chinese (``de``, ``fr``, ``zh``).

    The same on every machine. A value is in training, validation or test by its hash, four fifths of all in training.
    Numbers of one digit are as frequent as those of any other number of digits, until they are used up: no value stands
    there twice. There are 720 times and 365,000 dates.

    Args:
        kinds: What is said: any of ``numbers``, ``dates``, ``times``, each as often as the others.
        largest: The largest number.
        joined: Whether words are written as usual (``einundzwanzig``); otherwise every morpheme is a word of its own
            (``ein und zwanzig``), and it is known which ones are translations of each other.
        train: Number of rows in training.
        held_out: Number of rows in validation and as many in test.
    """

    def __init__(
        self,
        kinds: Sequence[Kind] = get_args(Kind),
        largest: int = 999_999,
        joined: bool = False,
        train: int = 20_000,
        held_out: int = 1000,
    ) -> None:
        for kind in kinds:
            if kind not in get_args(Kind):
                hint = did_you_mean(kind, get_args(Kind))
                raise UserError(f"there is no kind {kind!r}", where="--data.source.kinds", hint=hint)
        if not kinds:
            raise UserError("no kind is named", where="--data.source.kinds", hint="such as [numbers, times]")
        if not 0 < largest <= _LARGEST:
            raise UserError(f"lies between 1 and {_LARGEST}, found {largest}", where="--data.source.largest")
        check_sizes(train=train, held_out=held_out)
        # Held out first: they stay what they are when there is more to train on.
        super().__init__("generated_pairs", _SEED, {"test": held_out, "validation": held_out, "train": train})
        self.kinds = kinds
        self.largest = largest
        self.joined = joined
        self._said: dict[Split, list[Row]] = {}

    def draw(self, split: Split, number: int, choose: Choose) -> Row | None:
        """A ``kind`` and its ``value``; None for one of another split."""
        kind = choose(self.kinds)
        row = {"kind": kind, "value": self._value(kind, choose)}
        return row if _split_of(self.text(row)) == split else None

    def text(self, row: Row) -> str:
        """Kind and value."""
        return " ".join(map(str, (row["kind"], *row["value"])))

    def rows(self, split: Split) -> list[Row]:
        """The values of a split with a text for each language, and, if not joined, the ``meanings`` of all words.

        Args:
            split: The split.
        """
        if split not in self._said:
            self._said[split] = [self._say(row) for row in super().rows(split)]
        return self._said[split]

    def _say(self, row: Row) -> Row:
        texts: Row = {}
        meanings: dict[str, list[list[str]]] = {}
        for language, grammar in _LANGUAGES.items():
            say = {"numbers": grammar.number, "dates": grammar.date, "times": grammar.time}[row["kind"]]
            words = say(*row["value"])
            texts[language] = join(words) if self.joined else " ".join(word.text for word in words)
            meanings[language] = [sorted(word.meanings) for word in words]
        return row | texts | ({} if self.joined else {"meanings": meanings})

    def _value(self, kind: Kind, choose: Choose) -> tuple[int, ...]:
        if kind == "times":
            return choose(range(1, 13)), choose(range(60))
        if kind == "dates":
            month = choose(range(12))
            return choose(_YEARS), month + 1, choose(range(_DAYS[month])) + 1
        digits = choose(range(len(str(self.largest))))
        return (choose(range(10**digits if digits else 0, min(10 ** (digits + 1), self.largest + 1))),)


def _split_of(name: str) -> Split:
    place = int(hashlib.sha256(name.encode("ascii")).hexdigest()[:8], 16) % 10
    return "train" if place < 8 else "validation" if place == 8 else "test"

"""A text of made-up words whose meanings, and so their similarities, are known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.source import Row, Split
from rnnbench.data.text.benchmarks import OWN, Benchmarks, Pair, Question

_SEED = 9
# The parts of a noun: each says something of what it is.
_PARTS = (("bo", "ka", "lu", "mi", "ra"), ("lin", "dor", "fes", "gan"), ("ta", "ne", "su"))
_OTHERS = (
    "the", "a", "of", "and", "to", "in", "it", "is", "was", "with", "for", "on", "as", "by", "at", "from",
)  # fmt: skip
_BESIDE = 4
"""Words that go with each part of a noun."""
_SAID = 2
"""How many of them a sentence has for each part."""

Meaning = tuple[str, str, str]


class GeneratedWords(Generated):
    """Sentences around nouns of three parts, the same on every machine.

    A noun such as *bolinta* stands among words that go with *bo*, with *lin* and with *ta*, and with no other part. So
    two nouns are as alike as the number of parts that they share, and *bolinta* is to *kalinta* as *bodorta* to
    *kadorta*. One noun of ten is never used: only its strings tell what it is. No sentence stands there twice.

    Args:
        train: Number of sentences in training.
        held_out: Number of sentences in validation and in test, each.
    """

    def __init__(self, train: int = 6000, held_out: int = 300) -> None:
        check_sizes(train=train, held_out=held_out)
        super().__init__("generated_words", _SEED, {"train": train, "validation": held_out, "test": held_out})
        self._used = [meaning for number, meaning in enumerate(meanings()) if number % 10 != 9]

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """A sentence with ``text``."""
        meaning = choose(self._used)
        around = [f"{part}{choose(range(_BESIDE))}" for part in meaning for _ in range(_SAID)]
        around += [choose(_OTHERS) for _ in range(2)]
        left: list[str] = []
        while len(left) < len(around):
            left.append(around.pop(int(choose(range(len(around))))))
        return {"text": " ".join([*left, "".join(meaning), *around])}

    def text(self, row: Row) -> str:
        """The sentence."""
        return row["text"]

    def benchmarks(self) -> Benchmarks:
        """All pairs of nouns with the number of parts that they share, and analogies."""
        pairs = [
            Pair("".join(a), "".join(b), float(sum(x == y for x, y in zip(a, b, strict=True))))
            for a, b in combinations(meanings(), 2)
        ]
        return Benchmarks({OWN: pairs}, list(_analogies()))


def meanings() -> list[Meaning]:
    """The parts of all nouns."""
    return [(first, second, third) for first, second, third in product(*_PARTS)]


def _analogies() -> Iterator[Question]:
    """Of every other noun: another first part, beside the same change of a noun with other parts."""
    for number, (first, second, third) in enumerate(meanings()):
        others = [one for one in meanings() if one[0] == first and one[1] != second and one[2] != third]
        for _, second_other, third_other in others[number % 2 :: 2]:
            changed = _PARTS[0][(_PARTS[0].index(first) + 1 + number % 3) % len(_PARTS[0])]
            yield Question(
                "another first part",
                f"{first}{second}{third}",
                f"{changed}{second}{third}",
                f"{first}{second_other}{third_other}",
                f"{changed}{second_other}{third_other}",
            )

"""Words as bags of the strings that they are made of."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1


class Rows(NamedTuple):
    """Of which rows of a table a word is made; those of word w stand at ``offsets[w]`` to ``offsets[w + 1]``."""

    offsets: NDArray[np.int64]
    """``(V + 1,)``."""
    rows: NDArray[np.int32]


class Subwords:
    """Strings of some characters of a word and of its ends, each with a row that it may share with others.

    P. Bojanowski, E. Grave, A. Joulin and T. Mikolov, Enriching Word Vectors with Subword Information, TACL 5 (2017).

    Args:
        shortest: Characters of the shortest strings; the ends of a word, ``<`` and ``>``, count.
        longest: Characters of the longest ones.
        buckets: Rows that all strings share, by their checksums.
    """

    def __init__(
        self,
        shortest: Annotated[int, AT_LEAST_1] = 3,
        longest: Annotated[int, AT_LEAST_1] = 6,
        buckets: Annotated[int, AT_LEAST_1] = 200_000,
    ) -> None:
        if longest < shortest:
            raise UserError(f"must be at least shortest, {shortest}; found {longest}", where="model.subwords.longest")
        self.shortest, self.longest, self.buckets = shortest, longest, buckets

    def strings(self, word: str) -> list[str]:
        """The strings of a word, each once; the whole word is none of them."""
        marked = f"<{word}>"
        found = (
            marked[start : start + size]
            for size in range(self.shortest, self.longest + 1)
            for start in range(len(marked) - size + 1)
        )
        return [string for string in dict.fromkeys(found) if string != marked]

    def buckets_of(self, word: str) -> list[int]:
        """The buckets of its strings."""
        return [zlib.crc32(string.encode("utf-8", "surrogatepass")) % self.buckets for string in self.strings(word)]

    def rows(self, words: Sequence[str]) -> Rows:
        """The rows of each word of a vocabulary: its own, then those of its strings, which stand behind all words'."""
        rows = [
            [number, *(len(words) + bucket for bucket in self.buckets_of(word))] for number, word in enumerate(words)
        ]
        offsets = np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64)
        return Rows(offsets, np.array([row for some in rows for row in some], dtype=np.int32))

"""Vectors by word: the nearest to one, to a sum of some, and the one among several that is least like the others."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

_NEAR = 3


class Near(NamedTuple):
    """A word and how near it is."""

    word: str
    cosine: float


class Lookup:
    """Vectors of length 1 of words, the most frequent first.

    Args:
        words: The words ``(V,)``.
        vectors: Their vectors ``(V, D)``.
        unseen: Makes the vector ``(D,)`` of another word; None where it has none.
    """

    def __init__(
        self, words: Sequence[str], vectors: Tensor, unseen: Callable[[str], Tensor | None] = lambda word: None
    ) -> None:
        self.words = list(words)
        self.unit = unit(vectors)
        self._unseen = unseen
        self._exact = {word: place for place, word in enumerate(self.words)}
        self._folded: dict[str, int] = {}
        for place, word in enumerate(self.words):
            # Of words that differ in case alone the most frequent one counts.
            self._folded.setdefault(word.casefold(), place)

    def place(self, word: str) -> int | None:
        """The number of a word, in whatever case it is written."""
        return self._folded.get(word.casefold())

    def vector(self, word: str) -> Tensor | None:
        """The vector of length 1 of a word ``(D,)``, in whatever case it is written; None where it has none."""
        place = self._exact.get(word, self.place(word))
        if place is not None:
            return self.unit[place]
        made = self._unseen(word)
        return None if made is None else unit(made)

    def nearest(self, to: Sequence[str], away: Sequence[str], most: int, multiply: bool = False) -> list[Near]:
        """The words that are most like some and least like others, these left out.

        Args:
            to: Words that have vectors.
            away: Others.
            most: How many words to find.
            multiply: By 3CosMul, see `answer_questions`, rather than by the sum of cosines.
        """
        cosines = [[self._cosines(word) for word in words] for words in (to, away)]
        if multiply:
            scores = torch.stack([(1 + one) / 2 for one in cosines[0]]).prod(0)
            for one in cosines[1]:
                scores = scores / ((1 + one) / 2 + 1e-3)
        else:
            # As long as a vector, so that the sum of one is its cosine.
            signed = [self._known(word) for word in to] + [-self._known(word) for word in away]
            total = unit(torch.stack(signed).sum(0))
            scores = self.unit @ total
        for word in (*to, *away):
            if (place := self._exact.get(word, self.place(word))) is not None:
                scores[place] = -torch.inf
        values, places = scores.topk(min(most, len(self.words)))
        found = zip(places.tolist(), values.tolist(), strict=True)
        return [Near(self.words[place], value) for place, value in found if value > -torch.inf]

    def odd_one(self, words: Sequence[str]) -> str:
        """The word that is least like the mean of all."""
        vectors = torch.stack([self._known(word) for word in words])
        return words[int((vectors @ unit(vectors.mean(0))).argmin())]

    def cosine(self, first: str, second: str) -> float:
        """How alike two words are."""
        return float(self._known(first) @ self._known(second))

    def near_spellings(self, word: str) -> list[str]:
        """Words that are written like one that is not known."""
        return difflib.get_close_matches(word, self.words, n=_NEAR, cutoff=0.7)

    def _known(self, word: str) -> Tensor:
        found = self.vector(word)
        assert found is not None, "the caller has asked for it"
        return found

    def _cosines(self, word: str) -> Tensor:
        return self.unit @ self._known(word)


def unit(vectors: Tensor) -> Tensor:
    """Vectors ``(..., D)`` of length 1, in float64; zeros stay."""
    exact = vectors.detach().cpu().double()
    return exact / exact.norm(dim=-1, keepdim=True).clamp(min=1e-30)

"""IBM models 1 and 2: which words translate which, found in pairs of sentences without ever being told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
Shape = tuple[int, int]
"""Lengths T and S of a target and its source."""


class WordTable(NamedTuple):
    """t(e | f) of the pairs of words that stand in one pair of sentences; it is 0 of all others."""

    keys: Ids
    """``(K,)``: f E + e, ascending; E is the number of words e."""
    values: Floats
    """``(K,)``."""
    words: int
    """E."""

    def of(self, sources: Ids, targets: Ids) -> Floats:
        """t(e | f) of words f and e, of shapes that broadcast."""
        wanted = sources * self.words + targets
        rows = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[rows] == wanted, self.values[rows], 0.0)

    def after(self, source: int) -> tuple[Ids, Floats]:
        """All e with t(e | f) of one f, ascending."""
        start, stop = np.searchsorted(self.keys, (source * self.words, (source + 1) * self.words))
        return self.keys[start:stop] - source * self.words, self.values[start:stop]


class IBM(NamedTuple):
    """A model of target sentences, given source sentences."""

    words: WordTable
    places: dict[Shape, Floats]
    """Of model 2, a(i | j, T, S) ``(T, S)`` for the lengths of training; empty for model 1."""
    likelihoods: list[float]
    """log p(targets | sources) before each round, in nats."""

    def place(self, shape: Shape) -> Floats:
        """Where words of the target come from ``(T, S)``, before they are seen.

        Any place of the source is as likely in model 1, and for lengths that model 2 has not seen.
        """
        found = self.places.get(shape)
        return np.full(shape, 1 / shape[1]) if found is None else found

    def links(self, source: Ids, target: Ids) -> tuple[Floats, Floats]:
        """How likely each word of a target is, and from where it comes.

        Args:
            source: f ``(S,)``.
            target: e ``(T,)``.

        Returns:
            p(e_j | f) ``(T,)``; and p(i | e_j, f) ``(T, S)``, zeros for a word that no word of the source can be.
        """
        both = self.place((len(target), len(source))) * self.words.of(source[None], target[:, None])
        total = both.sum(1)
        return total, both / np.where(total > 0, total, 1.0)[:, None]


class _Group(NamedTuple):
    """Pairs of sentences of the same lengths."""

    shape: Shape
    rows: NDArray[np.int32]
    """``(N, T, S)``: rows of the table of words."""


def train(sources: Sequence[Ids], targets: Sequence[Ids], words: int, rounds: int, rounds_of_places: int = 0) -> IBM:
    """Expectation maximisation.

        p(e | f) = product over j of sum over i of a(i | j, T, S) t(e_j | f_i)
        E: p(i | e_j, f) = a(i | j, T, S) t(e_j | f_i) / the same, summed over i
        M: t(e | f) and a(i | j, T, S) are these expectations, counted and divided by their sums

    P. F. Brown, S. A. Della Pietra, V. J. Della Pietra and R. L. Mercer, The Mathematics of Statistical Machine
    Translation, Computational Linguistics 19 (1993). In model 1 a is 1 / S, and the likelihood has one maximum; model
    2 begins where it ends. A word that says nothing has to come from somewhere: let each source have a word for it.

    Args:
        sources: Sentences f, each ``(S,)``, at least one word.
        targets: Sentences e, each ``(T,)``.
        words: Number of words e.
        rounds: Rounds of model 1.
        rounds_of_places: Rounds of model 2 after these; 0 for model 1.
    """
    groups, keys = _grouped(sources, targets, words)
    owners = keys // words
    values = np.full(len(keys), 1 / words)
    places: dict[Shape, Floats] = {}
    likelihoods = []
    for number in range(rounds + rounds_of_places):
        moving = number >= rounds
        counts, seen, nats = np.zeros(len(keys)), {}, []
        for group in groups:
            both = values[group.rows] * places.get(group.shape, 1 / group.shape[1])
            total = both.sum(2, keepdims=True)
            nats.append(math.fsum(np.log(total).ravel().tolist()))
            both /= total
            counts += np.bincount(group.rows.ravel(), weights=both.ravel(), minlength=len(keys))
            if moving:
                seen[group.shape] = both.sum(0)
        likelihoods.append(math.fsum(nats))
        values = counts / np.bincount(owners, weights=counts)[owners]
        places = {shape: one / one.sum(1, keepdims=True) for shape, one in seen.items()}
    return IBM(WordTable(keys, values, words), places, likelihoods)


def _grouped(sources: Sequence[Ids], targets: Sequence[Ids], words: int) -> tuple[list[_Group], Ids]:
    """Pairs by their lengths, and the keys of all words that can be linked."""
    members: dict[Shape, list[int]] = {}
    for number, (source, target) in enumerate(zip(sources, targets, strict=True)):
        members.setdefault((len(target), len(source)), []).append(number)
    found = []
    for shape in sorted(members):
        ours = members[shape]
        f, e = np.stack([sources[i] for i in ours]), np.stack([targets[i] for i in ours])
        found.append((shape, f[:, None, :] * words + e[:, :, None]))
    keys = np.unique(np.concatenate([np.unique(links) for _, links in found]))
    return [_Group(shape, np.searchsorted(keys, links).astype(np.int32)) for shape, links in found], keys

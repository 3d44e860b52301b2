"""What of a stream of words is learned from: each word that is kept, and those around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.embeddings.draws import Draws, below, threshold, upper

PIECE = 1000
"""Tokens that are read at a time: no window goes beyond them, as in word2vec, which ends a sentence after so many."""
SUBSAMPLING, WIDTH, NOISE = 0, 1, 2
"""Which of a place's random numbers is for what; the noise has all from its own on. They stand in pass.cpp, too."""


class Reading(NamedTuple):
    """How a stream is read."""

    window: int
    """Most words to each side."""
    keep: NDArray[np.uint32]
    """``(V,)``: a word is kept where 32 random bits are at most this."""
    end: int
    """The token that ends a text; no window goes beyond it."""
    unknown: int
    """The token that stands for words that are left out; -1 where there is none."""


class Windows(NamedTuple):
    """Words and their surroundings."""

    words: NDArray[np.int64]
    """``(N,)``: the words in the middle."""
    places: NDArray[np.int64]
    """``(N,)``: where in the stream they stand."""
    contexts: NDArray[np.int64]
    """``(N, 2 window)``: the words around from left to right, -1 where there is none."""

    def apart(self) -> Windows:
        """Each word around by itself, one after the other: windows of two words."""
        window, column = np.nonzero(self.contexts >= 0)
        contexts = np.full((len(window), self.contexts.shape[1]), -1)
        contexts[np.arange(len(window)), column] = self.contexts[window, column]
        return Windows(self.words[window], self.places[window], contexts)

    def parts(self, size: int) -> Iterator[Windows]:
        """At most so many at a time."""
        for start in range(0, len(self.words), size):
            yield Windows(*(values[start : start + size] for values in self))


def subsampling(counts: Sequence[int], sample: float) -> NDArray[np.uint32]:
    """With which probability each word is kept, as `Reading.keep`.

        P(keep w) = sqrt(t / f(w)) + t / f(w), at most 1; f(w) is the share of w among all words

    The formula of word2vec's program, which gensim has as well; T. Mikolov et al., Distributed Representations of Words
    and Phrases and their Compositionality, NIPS 2013, section 2.3 has the square root alone.

    Args:
        counts: How often each word occurs ``(V,)``.
        sample: t; 0 keeps all.
    """
    if sample == 0:
        return threshold(np.ones(len(counts)))
    ratio = sample * sum(counts) / np.maximum(np.asarray(counts, dtype=np.float64), 1)
    return threshold(np.minimum(np.sqrt(ratio) + ratio, 1))


def windows_of(tokens: NDArray[Any], place: int, reading: Reading, draws: Draws) -> Windows:
    """The windows of a piece of a stream.

    Args:
        tokens: At most `PIECE` tokens ``(T,)``.
        place: Where in the stream the first one stands.
        reading: How it is read.
        draws: The pass's random numbers.
    """
    tokens = tokens.astype(np.int64)
    places = place + np.arange(len(tokens))
    texts = np.cumsum(tokens == reading.end)
    kept = upper(draws(places, SUBSAMPLING)) <= reading.keep[tokens]
    kept &= (tokens != reading.end) & (tokens != reading.unknown)
    words, places, texts = tokens[kept], places[kept], texts[kept]
    width = 1 + below(draws(places, WIDTH), reading.window)
    contexts = np.full((len(words), 2 * reading.window), -1)
    for column, step in enumerate([*range(-reading.window, 0), *range(1, reading.window + 1)]):
        at = np.arange(len(words)) + step
        there = (at >= 0) & (at < len(words)) & (abs(step) <= width)
        there[there] = texts[at[there]] == texts[there]
        contexts[there, column] = words[at[there]]
    some = (contexts >= 0).any(1)
    return Windows(words[some], places[some], contexts[some])

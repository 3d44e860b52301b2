"""Vectors that are counted: how much more often words stand together than they would by chance, in few numbers.

O. Levy, Y. Goldberg and I. Dagan, Improving Distributional Similarity with Lessons Learned from Word Embeddings, TACL 3
(2015): what word2vec learns, counted.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.windows import PIECE, Reading, windows_of

# Pairs that are counted before they are added up.
_AT_ONCE = 2**22


class Stream(Protocol):
    """Token ids ``(N,)``, in memory or on disk."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, span: slice, /) -> NDArray[Any]:
        """Some of the ids."""


def count_pairs(tokens: Stream, words: int, reading: Reading, draws: Draws) -> csr_array:
    """How often words stand around each word ``(V, V)``.

    Args:
        tokens: The stream.
        words: V.
        reading: How it is read.
        draws: Random numbers.
    """
    found = csr_array((words, words), dtype=np.float64)
    keys: list[NDArray[np.int64]] = []

    def entered() -> csr_array:
        pairs, times = np.unique(np.concatenate([np.empty(0, np.int64), *keys]), return_counts=True)
        return csr_array((times.astype(np.float64), (pairs // words, pairs % words)), shape=(words, words))

    for start in range(0, len(tokens), PIECE):
        windows = windows_of(tokens[:][start : start + PIECE], start, reading, draws)
        row, column = np.nonzero(windows.contexts >= 0)
        keys.append(windows.words[row] * words + windows.contexts[row, column])
        if sum(map(len, keys)) > _AT_ONCE:
            found, keys = found + entered(), []
    found = csr_array(found + entered())
    found.sort_indices()
    return found


def mutual_information(together: csr_array, shift: float = 1.0, smoothing: float = 0.75) -> csr_array:
    """Positive pointwise mutual information of words and those around them ``(V, V)``.

        PPMI(w, c) = max(0, log(n(w, c) n / (n(w) n(c)^a)) - log k)

    with counts to the power a, divided so that they are shares.

    Args:
        together: n(w, c), what `count_pairs` gives.
        shift: k, as many as there are noise words in negative sampling.
        smoothing: a, how counts of words around are smoothed.
    """
    words, around = together.sum(1), together.sum(0) ** smoothing
    rows, columns = together.nonzero()
    shares = together.data * around.sum() / (words[rows] * around[columns])
    values = np.maximum(np.log(shares) - np.log(shift), 0)
    return csr_array((values, (rows, columns)), shape=together.shape)


def decompose(matrix: csr_array, size: int, power: float) -> NDArray[np.float64]:
    """Rows of a matrix in few numbers: left singular vectors times a power of their values ``(V, size)``.

    Args:
        matrix: ``(V, V)``.
        size: How many of the largest; columns that cannot be had are 0.
        power: The power.
    """
    most = min(size, matrix.shape[0] - 1)
    left, values, _ = svds(matrix, k=most, v0=np.ones(matrix.shape[0]))
    order = np.argsort(-values)
    left, values = left[:, order], values[order]
    # A singular vector is one up to its sign.
    left = left * np.where(left[np.abs(left).argmax(0), np.arange(most)] < 0, -1, 1)
    found = np.zeros((matrix.shape[0], size))
    found[:, :most] = left * values**power
    return found

"""Interpolated modified Kneser-Ney: the n-gram model that a recurrent language model has to beat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

NO_CONTEXT = np.empty(0, dtype=np.int64)


class _Order(NamedTuple):
    """The k-grams of one order k, and what the recursion needs of them.

    A k-gram is its row in ``keys``; its key is ``row of its first k-1 tokens * V + last token``. Keys are sorted, so
    the k-grams that continue one context are neighbours. Each of ``keys``, ``own`` and ``backoff`` ends with one entry
    for "never seen", which is where the row -1 leads.

    Args:
        keys: Sorted keys, the largest integer at the end, (K + 1,) int64.
        counts: a(h w), the raw or continuation count of every k-gram, (K,) int64.
        own: (a(h w) - D(a(h w))) / sum_v a(h v), 0 at the end, (K + 1,) float64.
        backoff: gamma(h) of every (k-1)-gram h, 1 where nothing was seen after h, and at the end, (K' + 1,) float64.
        discounts: D1, D2 and D3+.
    """

    keys: np.ndarray
    counts: np.ndarray
    own: np.ndarray
    backoff: np.ndarray
    discounts: tuple[float, float, float]


class KneserNey:
    """Interpolated modified Kneser-Ney n-gram model over a stream of token ids.

    Chen and Goodman, "An empirical study of smoothing techniques for language modeling", Computer Speech and Language
    13 (1999). For a word w after a context h of k-1 tokens, and h' = h without its first token::

        p_k(w | h) = (a(h w) - D_k(a(h w))) / sum_v a(h v)  +  gamma_k(h) p_{k-1}(w | h')
        gamma_k(h) = sum_v D_k(a(h v)) / sum_v a(h v)            (1 where h was never seen: the lower order alone)
        p_0(w)     = 1 / V
        D_k(0) = 0,  D_k(i) = i - (i + 1) Y n_{i+1} / n_i for i = 1, 2 and 3 (or more),  Y = n_1 / (n_1 + 2 n_2)

    with n_i the number of k-grams g that have a(g) = i. At the highest order a(g) is how often g occurs. Below it,
    a(g) is the number of distinct tokens seen to the left of g, plus how often g occurs with nothing to its left:
    so n-grams that begin with the start symbol <s> keep their raw count there.

    Where one of n_1 ... n_4 is zero or a D is not positive (small data, or few types), the order uses one absolute
    discount, D_k(i) = Y for every i > 0; where n_1 or n_2 is zero, Y is taken as 1/2.

    Conventions, with which Penn Treebank gives 148.01 (validation) and 141.19 (test) at order 5: ``boundary`` is
    <s> as a context and </s> as the predicted token, a context reaches back to the last boundary and includes it, and
    the stream begins after a boundary. <s> is never counted as predicted. V counts <unk> and </s>; <s> adds nothing to
    it. The n_i are taken from a(g), not from raw counts, at every order, and n-grams that begin with <s> are among
    them. No n-gram is cut off. Without a boundary, the first tokens of the stream have shorter contexts.

    Args:
        order: Length of the longest n-gram; 1 looks at no context, 0 is the uniform distribution.
        vocabulary_size: V, the number of token ids. V times the stream's length must stay below 2^63.
        boundary: Id of the token that ends a sentence, or None for text without sentence boundaries.
        keys: Sorted keys of the k-grams for k = 1 ... order, each (K,) int64.
        counts: a(g) of the same k-grams, each (K,) int64.
    """

    def __init__(
        self, order: int, vocabulary_size: int, boundary: int | None, keys: list[np.ndarray], counts: list[np.ndarray]
    ) -> None:
        self.order = order
        self.vocabulary_size = vocabulary_size
        self.boundary = boundary
        self._orders: list[_Order] = []
        num_contexts = 1  # the empty one
        for k_keys, k_counts in zip(keys, counts, strict=True):
            self._orders.append(_smooth(k_keys, k_counts, k_keys // vocabulary_size, num_contexts))
            num_contexts = len(k_keys)

    @classmethod
    def count(cls, tokens: np.ndarray, *, order: int, vocabulary_size: int, boundary: int | None = None) -> KneserNey:
        """The model of one stream.

        Args:
            tokens: Token ids, (N,) int.
            order: Length of the longest n-gram.
            vocabulary_size: V, the number of token ids.
            boundary: Id of the token that ends a sentence, if any.
        """
        if order < 0:
            raise ValueError(f"order must be 0 or more, got {order}")
        if vocabulary_size < 1:
            raise ValueError(f"vocabulary_size must be 1 or more, got {vocabulary_size}")
        if boundary is not None and not 0 <= boundary < vocabulary_size:
            raise ValueError(f"boundary must be an id from 0 to {vocabulary_size - 1}, got {boundary}")
        tokens = _token_ids(tokens, "tokens", vocabulary_size)
        if tokens.size == 0:
            raise ValueError("tokens is empty: there is nothing to count")
        stream, reach = _with_context(tokens, NO_CONTEXT, order, boundary)
        predicted = np.arange(len(stream)) >= len(stream) - len(tokens)  # all but the <s> at the beginning

        all_keys: list[np.ndarray] = []
        all_counts: list[np.ndarray] = []
        rows = np.zeros(len(stream), dtype=np.int64)  # of the k-gram that ends at each position; there is one 0-gram
        for k in range(1, order + 1):
            shorter, rows = rows, np.full(len(stream), -1)
            if k == 1:  # every token is a row, seen or not: a context can be <s>, which is nowhere predicted
                keys, at, rows = np.arange(vocabulary_size), np.arange(len(stream)), stream
            else:
                at = np.flatnonzero(reach >= k - 1)
                keys, rows[at] = np.unique(shorter[at - 1] * vocabulary_size + stream[at], return_inverse=True)
                # Each distinct k-gram is one left neighbour of its last k-1 tokens.
                suffix = np.empty(len(keys), dtype=np.int64)
                suffix[rows[at]] = shorter[at]
                all_counts[-1] += np.bincount(suffix, minlength=len(all_counts[-1]))
            counted = at[predicted[at] & ((reach[at] == k - 1) | (k == order))]
            all_keys.append(keys)
            all_counts.append(np.bincount(rows[counted], minlength=len(keys)))
        return cls(order, vocabulary_size, boundary, all_keys, all_counts)

    @property
    def num_ngrams(self) -> int:
        """Number of n-grams seen, of all orders: the size of the model."""
        return sum(int(np.count_nonzero(table.counts)) for table in self._orders)

    @property
    def discounts(self) -> list[tuple[float, float, float]]:
        """D1, D2 and D3+ of the orders 1, 2, ..."""
        return [table.discounts for table in self._orders]

    def log_probabilities(self, tokens: np.ndarray, context: np.ndarray = NO_CONTEXT) -> np.ndarray:
        """Natural logarithm of p(token | the tokens before it) for every token of a stream, (N,) float64.

        Args:
            tokens: Token ids, (N,) int.
            context: The tokens before the first, of which the last order - 1 are used, (C,) int. A context shorter
                than that is taken to be all there is: before it the text, or with a boundary a sentence, begins.
        """
        tokens = _token_ids(tokens, "tokens", self.vocabulary_size)
        context = _token_ids(context, "context", self.vocabulary_size)
        stream, reach = _with_context(tokens, context, self.order, self.boundary)
        probability = np.full(len(stream), 1 / self.vocabulary_size)
        for table, before, rows in self._lookup(stream, reach):
            probability = table.own[rows] + table.backoff[before] * probability
        return np.log(probability[len(stream) - len(tokens) :])

    def distribution(self, context: np.ndarray = NO_CONTEXT) -> np.ndarray:
        """p(every token | context), (V,) float64; positive, sums to 1.

        Args:
            context: The tokens before, as for ``log_probabilities``, (C,) int.
        """
        context = _token_ids(context, "context", self.vocabulary_size)
        unknown = np.zeros(1, dtype=np.int64)  # holds the place of the token to predict; its value is not looked at
        stream, reach = _with_context(unknown, context, self.order, self.boundary)
        probability = np.full(self.vocabulary_size, 1 / self.vocabulary_size)
        for table, before, _ in self._lookup(stream, reach):
            first = before[-1] * self.vocabulary_size  # negative where the context is unseen: an empty slice
            start, stop = np.searchsorted(table.keys, (first, first + self.vocabulary_size))
            probability *= table.backoff[before[-1]]
            probability[table.keys[start:stop] - first] += table.own[start:stop]
        return probability

    def interpolated(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The model with every n-gram's probability worked out, for the orders 1, 2, ... in turn.

        Yields:
            The sorted keys of the k-grams, ``row of the first k-1 tokens * V + last token``; log p of the last token
            after the others; log gamma of each as a context, 0 at the highest order; all (K,).
        """
        probability = np.full(1, 1 / self.vocabulary_size)
        suffixes = np.zeros(self.vocabulary_size, dtype=np.int64)  # the row of each k-gram without its first token
        for k, table in enumerate(self._orders):
            keys = table.keys[:-1]
            prefixes, last = np.divmod(keys, self.vocabulary_size)
            if k:
                suffixes = self._orders[k - 1].keys.searchsorted(suffixes[prefixes] * self.vocabulary_size + last)
            probability = table.own[:-1] + table.backoff[prefixes] * probability[suffixes]
            weights = self._orders[k + 1].backoff[:-1] if k + 1 < self.order else np.ones(len(keys))
            yield keys, np.log(probability), np.log(weights)

    def _lookup(self, stream: np.ndarray, reach: np.ndarray) -> Iterator[tuple[_Order, np.ndarray, np.ndarray]]:
        """For k = 1, 2, ...: the table, the row of every position's context, the row of the k-gram ending there."""
        rows = np.zeros(len(stream), dtype=np.int64)
        for k, table in enumerate(self._orders, start=1):
            # The roll brings the last row to the front, where it counts for k = 1 only: all rows are the empty n-gram.
            before = np.where(reach >= k - 1, np.roll(rows, 1), -1)
            wanted = before * self.vocabulary_size + stream  # negative, so never found, where the context is unseen
            rows = np.searchsorted(table.keys, wanted)
            rows[table.keys[rows] != wanted] = -1
            yield table, before, rows

    def state(self) -> dict[str, np.ndarray | int | None]:
        """The model as plain numbers and arrays, for a checkpoint."""
        state: dict[str, np.ndarray | int | None] = {
            "order": self.order,
            "vocabulary_size": self.vocabulary_size,
            "boundary": self.boundary,
        }
        for k, table in enumerate(self._orders, start=1):
            state[f"keys_{k}"] = table.keys[:-1]
            state[f"counts_{k}"] = table.counts
        return state

    @classmethod
    def from_state(cls, state: dict) -> KneserNey:
        """The model from what ``state()`` returned."""
        orders = range(1, state["order"] + 1)
        return cls(
            order=state["order"],
            vocabulary_size=state["vocabulary_size"],
            boundary=state["boundary"],
            keys=[np.asarray(state[f"keys_{k}"]) for k in orders],
            counts=[np.asarray(state[f"counts_{k}"]) for k in orders],
        )


def _token_ids(tokens: np.ndarray, name: str, vocabulary_size: int) -> np.ndarray:
    """The ids as (N,) int64, checked."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or (tokens.size and tokens.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be one row of integers, got shape {tokens.shape} of {tokens.dtype}")
    if tokens.size and (tokens.min() < 0 or tokens.max() >= vocabulary_size):
        raise ValueError(f"{name} must be ids from 0 to {vocabulary_size - 1}, got {tokens.min()} to {tokens.max()}")
    return tokens.astype(np.int64)


def _with_context(
    tokens: np.ndarray, context: np.ndarray, order: int, boundary: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """The stream with what goes before it, and how many tokens before each position a context may use, both (M,)."""
    longest = max(order - 1, 0)
    context = context[max(len(context) - longest, 0) :]
    if boundary is not None and len(context) < longest:
        context = np.concatenate(([boundary], context))
    stream = np.concatenate((context, tokens))
    positions = np.arange(len(stream))
    start = np.zeros(len(stream), dtype=np.int64)  # of the sentence that a position is in: the last boundary before it
    if boundary is not None:
        start[1:] = np.maximum.accumulate(np.where(stream == boundary, positions, 0))[:-1]
    return stream, positions - start


def _smooth(keys: np.ndarray, counts: np.ndarray, prefixes: np.ndarray, num_contexts: int) -> _Order:
    """The table of one order from its keys, counts and first k-1 tokens, all (K,)."""
    discounts = _discounts(counts)
    discount = np.array((0.0, *discounts))[np.minimum(counts, 3)]
    total = np.bincount(prefixes, counts, minlength=num_contexts)
    given = np.bincount(prefixes, discount, minlength=num_contexts)
    backoff = np.divide(given, total, out=np.ones(num_contexts), where=total > 0)
    own = (counts - discount) / total[prefixes]
    return _Order(
        keys=np.append(keys, np.iinfo(np.int64).max),
        counts=counts,
        own=np.append(own, 0.0),
        backoff=np.append(backoff, 1.0),
        discounts=discounts,
    )


def _discounts(counts: np.ndarray) -> tuple[float, float, float]:
    """D1, D2 and D3+ of one order from its counts (K,)."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == i)) for i in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
    if n1 and n2 and n3 and n4:
        modified = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if min(modified) > 0:
            return modified
    return y, y, y

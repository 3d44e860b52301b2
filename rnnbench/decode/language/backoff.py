"""N-gram models with back-off, as ARPA files hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"

State = tuple[int, ...]
"""Row of the last token among the 1-grams, of the last two among the 2-grams, ...; -1 where there is no such n-gram."""


class BackoffModel:
    """N-gram model with back-off weights.

    For a token w after a context h, and h' = h without its first token::

        log p(w | h) = log_probs(h w)                         where h w is in the model
                       backoffs(h) + log p(w | h')            otherwise, with 0 for the weight of an h that is not

    S. M. Katz, Estimation of Probabilities from Sparse Data, IEEE Transactions on Acoustics, Speech and Signal
    Processing 35 (1987). Interpolated models are of this form too.

    A k-gram is a row of the k-th table; its key is ``row of its first k-1 tokens * number of tokens + last token``.

    Args:
        tokens: The vocabulary; 1-grams are rows in this order.
        keys: Sorted keys of the 2-grams, the 3-grams, ..., each (K,) int64.
        log_probs: Natural log-probabilities of the 1-grams, the 2-grams, ..., each (K,).
        backoffs: Natural logarithms of the back-off weights of the 1-grams, ... up to the last order but one.
        begin: The token before a sentence; where there is none, a sentence begins without context.
        end: The token that ends a sentence; where there is none, ends cost nothing.
    """

    def __init__(
        self,
        tokens: Sequence[str],
        keys: Sequence[np.ndarray],
        log_probs: Sequence[np.ndarray],
        backoffs: Sequence[np.ndarray],
        begin: str = BEGIN,
        end: str = END,
    ) -> None:
        self.tokens = list(tokens)
        self.keys = list(keys)
        self.log_probs = list(log_probs)
        self.backoffs = list(backoffs)
        self.ids = {token: index for index, token in enumerate(self.tokens)}
        self.begin = self.ids.get(begin)
        self.final = self.ids.get(end)
        self.unknown = self.ids.get(UNKNOWN)

    @property
    def order(self) -> int:
        """Length of the longest n-gram."""
        return len(self.log_probs)

    @property
    def words(self) -> list[str]:
        """See `LanguageModel.words`."""
        others = {self.begin, self.final, self.unknown}
        return [token for index, token in enumerate(self.tokens) if index not in others]

    def start(self) -> State:
        """See `LanguageModel.start`."""
        return self.after((), self.begin)

    def score(self, state: State, word: str) -> float:
        """See `LanguageModel.score`."""
        return self._score(state, self.ids[word])

    def advance(self, state: State, word: str) -> State:
        """See `LanguageModel.advance`; an unknown word ends the context unless the model has ``<unk>``."""
        return self.after(state, self.ids.get(word, self.unknown))

    def end(self, state: State) -> float:
        """See `LanguageModel.end`."""
        return 0.0 if self.final is None else self._score(state, self.final)

    def distribution(self, state: State) -> np.ndarray:
        """Log-probabilities of all tokens after a state, (number of tokens,)."""
        found = self.log_probs[0].copy()
        for k, row in enumerate(state):
            if row >= 0:
                first = row * len(self.tokens)
                start, stop = np.searchsorted(self.keys[k], (first, first + len(self.tokens)))
                found += self.backoffs[k][row]
                found[self.keys[k][start:stop] - first] = self.log_probs[k + 1][start:stop]
        return found

    def after(self, state: State, token: int | None) -> State:
        """The state after one more token, given by its row among the 1-grams; None is one that no n-gram has."""
        if token is None or self.order == 1:
            return ()
        longer = (self._row(k, row, token) for k, row in enumerate(state[: self.order - 2], start=2))
        rows = [token, *longer]
        while rows[-1] < 0:
            rows.pop()
        return tuple(rows)

    def _score(self, state: State, token: int) -> float:
        weight = 0.0
        for k in range(len(state), 0, -1):
            row = self._row(k + 1, state[k - 1], token)
            if row >= 0:
                return weight + float(self.log_probs[k][row])
            if state[k - 1] >= 0:
                weight += float(self.backoffs[k - 1][state[k - 1]])
        return weight + float(self.log_probs[0][token])

    def _row(self, order: int, before: int, token: int) -> int:
        """Row of the n-gram of this order (2 or more) that is the row before, one order lower, and a token; or -1."""
        keys = self.keys[order - 2]
        wanted = before * len(self.tokens) + token
        row = int(keys.searchsorted(wanted)) if before >= 0 else len(keys)
        return row if row < len(keys) and keys[row] == wanted else -1

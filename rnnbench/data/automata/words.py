"""Words of a length after which an automaton has an output, all of them as likely."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.errors import UserError


class WordChooser:
    """Draws words with all outputs as likely, in so far as there are words of the length with each.

    Most words say at a glance what they are: hardly one of a hundred random symbols begins like a word of ``(ab)*``. So
    two outputs are drawn, and a step: up to it a word is one of the first output's, for as long as it can still become
    one of the second's, and from there on one of the second's. Where both are the same, it is any of those words.

    Of w_r(s), the number of words of r symbols that lead from state s to the output, the probability of symbol a in
    state s is w_(r-1)(s a) / w_r(s). Numbers are kept as logarithms: they grow beyond any floating-point number.

    Args:
        automaton: The automaton.
    """

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        ends = automaton.output[:, None] == np.arange(len(automaton.outputs))
        # Of r = 0 symbols: the word is over. Each (S, K).
        self._log = [np.where(ends, 0.0, -np.inf)]
        self._tables: list[NDArray[np.float64]] = []

    def outputs(self, length: int) -> list[int]:
        """The outputs that words of a length have."""
        self._grow(length)
        return np.flatnonzero(self._log[length][0] > -np.inf).tolist()

    def word(self, length: int, draw: Draw, wanted: str | None = None) -> list[int]:
        """A word, in plain Python.

        Args:
            length: Its length.
            draw: Its random numbers.
            wanted: Name of the only output that is wanted; None for all.
        """
        there = self._wanted(length, wanted)
        last, seeming = there[draw.below(len(there))], there[draw.below(len(there))]
        leaves = draw.below(length)
        state, word = 0, []
        for step in range(length):
            like = seeming if step < leaves else last
            cumulated = self._tables[length - step - 1][like, last, state].tolist()
            word.append(min(bisect_right(cumulated, draw.uniform()), len(cumulated) - 1))
            state = int(self.automaton.next[state, word[-1]])
        return word

    def words(self, length: int, draws: Draws, wanted: str | None = None) -> NDArray[np.int64]:
        """Words ``(B, T)``: those that `word` gives one by one.

        Args:
            length: Their length.
            draws: Their random numbers.
            wanted: Name of the only output that is wanted; None for all.
        """
        there = np.array(self._wanted(length, wanted))
        last, seeming = there[draws.below(len(there))], there[draws.below(len(there))]
        leaves = draws.below(length)
        random = np.ascontiguousarray(draws.uniforms(length).T)
        number, states, symbols = len(self.automaton.outputs), len(self.automaton), len(self.automaton.symbols)
        after = self.automaton.next.ravel()
        words = np.empty((length, len(draws)), dtype=np.int64)
        own, other = (last * number + last) * states, (seeming * number + last) * states
        state = np.zeros(len(draws), dtype=np.int64)
        for step in range(length):
            rows = self._tables[length - step - 1].reshape(-1, symbols)
            row = np.where(step < leaves, other, own) + state
            # The last bound is 1 but for rounding: no symbol lies beyond it.
            symbol = (random[step][:, None] >= rows[row, :-1]).sum(1)
            words[step] = symbol
            state = after[state * symbols + symbol]
        return np.ascontiguousarray(words.T)

    def _wanted(self, length: int, wanted: str | None) -> list[int]:
        there = self.outputs(length)
        return there if wanted is None else [self.automaton.outputs.index(wanted)]

    def _grow(self, length: int) -> None:
        """Makes the tables for words up to a length; table r - 1 is that of r symbols to come, (like, wanted, S, A)."""
        while len(self._tables) < length:
            # (S, A, K): of every symbol, how many words there are behind it.
            behind = self._log[-1][self.automaton.next]
            self._log.append(np.logaddexp.reduce(behind, axis=1))
            can = behind > -np.inf
            # (like, wanted, S, A)
            usable = can.transpose(2, 0, 1)[None]
            like = np.where(usable, behind.transpose(2, 0, 1)[:, None], -np.inf)
            # Where no word of the one output can become one of the other's, the other's is taken.
            lost = ~(like > -np.inf).any(-1, keepdims=True)
            like = np.where(lost, behind.transpose(2, 0, 1)[None], like)
            top = like.max(-1, keepdims=True)
            share = np.exp(like - np.where(top > -np.inf, top, 0.0))
            total = share.sum(-1, keepdims=True)
            self._tables.append(np.cumsum(share / np.where(total > 0, total, 1.0), -1))


def check_told_apart(automaton: Automaton, where: str) -> None:
    """Refuses an automaton that says the same of every word."""
    if len(automaton.minimal()) == 1:
        raise UserError(
            f"the output is {automaton.outputs[automaton.output[0]]} whatever the word: there is nothing to tell apart",
            where=where,
        )

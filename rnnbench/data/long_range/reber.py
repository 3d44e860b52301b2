"""Reber's grammar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton, explored
from rnnbench.data.automata.words import WordChooser
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan

_SYMBOLS = "BTSXPVE"
# State and symbol -> state.
_GRAMMAR = {
    "0B": "1", "1T": "2", "1P": "3", "2S": "2", "2X": "4", "3T": "3", "3V": "5", "4X": "3", "4S": "6", "5P": "4",
    "5V": "6", "6E": "7",
}  # fmt: skip


@dataclass(frozen=True)
class Reber(GeneratedProblem):
    """Words of a grammar with seven states: after each symbol is asked which ones may come next.

    Embedded, a word stands between B and T, or B and P, and the same T or P with an E: the symbol before the last has
    to be remembered from the beginning. A. Cleeremans, D. Servan-Schreiber and J. L. McClelland, Finite State Automata
    and Simple Recurrent Networks, Neural Computation 1989; S. Hochreiter and J. Schmidhuber, 1997, experiment 1. All
    words of a length are as likely. The length is that of the word.

    Args:
        embedded: Whether the words are embedded.
    """

    embedded: bool = False

    usual: ClassVar[Plan] = Plan(length=20, min_length=9, test_lengths=(20, 50, 100, 200))

    @property
    def dataset(self) -> str:  # type: ignore[override]
        """Which of both it is."""
        return "embedded_reber" if self.embedded else "reber"

    @property
    def shortest(self) -> int:
        """The shortest word."""
        return 9 if self.embedded else 5

    @property
    def inputs(self) -> Inputs:
        """The seven symbols."""
        return Inputs(symbols=tuple(_SYMBOLS))

    @property
    def answers(self) -> Answers:
        """Of each symbol, whether it may come next."""
        return Answers("bits", tuple(_SYMBOLS))

    def steps(self, length: int) -> int:
        """The length."""
        return length

    @cached_property
    def words(self) -> WordChooser:
        """Draws words; the output of its automaton is ``yes`` where a word is over."""
        after = _embedded if self.embedded else _plain
        end = "B77" if self.embedded else "7"
        return WordChooser(explored("0", _SYMBOLS, after, lambda state: "yes" if state == end else "no"))

    @cached_property
    def _legal(self) -> NDArray[np.float32]:
        """Which symbols may come next, by states."""
        machine: Automaton = self.words.automaton
        can = machine.output == machine.outputs.index("yes")
        # A state may be gone to where the end of a word can be reached from it.
        while not np.array_equal(can, reached := can | can[machine.next].any(1)):
            can = reached
        return can[machine.next].astype(np.float32)

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        word = self.words.word(length, draw, wanted="yes")
        state, legal = 0, []
        for symbol in word:
            state = int(self.words.automaton.next[state, symbol])
            legal.append(self._legal[state])
        # After the last symbol nothing may come.
        asked = [t < length - 1 for t in range(length)]
        return Drawn(np.array(word), np.array(legal, dtype=np.float32), np.array(asked))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        words = self.words.words(length, draws, wanted="yes")
        legal = self._legal[self.words.automaton.run(words)]
        asked = np.ones(words.shape, dtype=np.bool_)
        asked[:, -1] = False
        return Drawn(words, legal, asked)


def _plain(state: str, symbol: str) -> str:
    return _GRAMMAR.get(state + symbol, "-")


def _embedded(state: str, symbol: str) -> str:
    """States are ``0``, ``B``, then the remembered symbol with a state of the grammar, then both ends."""
    if state in ("0", "-"):
        return "B" if state + symbol == "0B" else "-"
    if state == "B":
        return f"B{symbol}0" if symbol in "TP" else "-"
    if state == "B77":
        return "-"
    kept, inner = state[1], state[2:]
    if inner == "7":
        return f"B{kept}8" if symbol == kept else "-"
    if inner == "8":
        return "B77" if symbol == "E" else "-"
    following = _plain(inner, symbol)
    return "-" if following == "-" else f"B{kept}{following}"

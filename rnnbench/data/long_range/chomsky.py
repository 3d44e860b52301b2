"""The regular problems of G. Deletang et al., Neural Networks and the Chomsky Hierarchy, ICLR 2023."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton, explored
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.finite_state import FiniteState
from rnnbench.errors import UserError


@dataclass(frozen=True)
class _AnyWord(FiniteState):
    """All words are as likely."""

    def word(self, length: int, draw: Draw) -> list[int]:
        """See `FiniteState.word`."""
        return draw.belows(len(self.automaton.symbols), length)

    def words(self, length: int, draws: Draws) -> NDArray[np.int64]:
        """See `FiniteState.words`."""
        return draws.belows(len(self.automaton.symbols), length)


@dataclass(frozen=True)
class Parity(_AnyWord):
    """Whether the number of b in a word of a and b is even. The length is that of the word.

    Args:
        every_step: Whether this is asked after each symbol rather than after the last one.
    """

    dataset = "parity"

    @property
    def machine(self) -> Automaton:
        """Two states."""
        return explored(0, "ab", lambda odd, symbol: odd ^ (symbol == "b"), lambda odd: "odd" if odd else "even")


@dataclass(frozen=True)
class EvenPairs(_AnyWord):
    """Whether a word of a and b has as many places ab as ba, up to an even number: whether it ends as it began.

    The length is that of the word.

    Args:
        every_step: Whether this is asked after each symbol rather than after the last one.
    """

    dataset = "even_pairs"

    @property
    def machine(self) -> Automaton:
        """The first symbol and the last one."""

        def after(ends: str, symbol: str) -> str:
            return (ends or symbol)[0] + symbol

        return explored("", "ab", after, lambda ends: "even" if ends[:1] == ends[-1:] else "odd")


@dataclass(frozen=True)
class CycleNavigation(_AnyWord):
    """Where one stands on a cycle after steps forwards (+), backwards (-) and none (0). The length is their number.

    Args:
        every_step: Whether this is asked after each step rather than after the last one.
        places: Number of places on the cycle.
    """

    places: int = 5

    dataset = "cycle_navigation"

    def __post_init__(self) -> None:
        if not 2 <= self.places <= 100:
            raise UserError(f"must be from 2 to 100, found {self.places}", where="--data.source.places")

    @property
    def machine(self) -> Automaton:
        """A state a place."""
        moves = {"0": 0, "+": 1, "-": -1}
        return explored(0, "0+-", lambda place, move: (place + moves[move]) % self.places, str)


@dataclass(frozen=True)
class ModularArithmetic(FiniteState):
    """The value of a sum such as 3+1-2*4, modulo a number, products first. No brackets.

    The length is the number of symbols; a sum has an odd one, so that an even length is taken as one less.

    Args:
        every_step: Whether the value is asked for after each symbol rather than after the last one; after an operator
            it is that of what stands before it.
        modulus: The number.
    """

    modulus: int = 5

    dataset = "modular_arithmetic"

    def __post_init__(self) -> None:
        if not 2 <= self.modulus <= 10:
            raise UserError(f"must be from 2 to 10, found {self.modulus}", where="--data.source.modulus")

    @property
    def machine(self) -> Automaton:
        """A state is (sum of the closed terms, value of the open term, operator that waits for a digit)."""

        def after(state: tuple[int, int, str], symbol: str) -> tuple[int, int, str]:
            total, term, waiting = state
            if symbol in "+-*":
                # A second operator in a row takes the place of the first, so that every word has a value.
                return total, term, symbol
            digit = int(symbol)
            if waiting == "*":
                return total, term * digit % self.modulus, ""
            return (total + term) % self.modulus, (-digit if waiting == "-" else digit) % self.modulus, ""

        symbols = [*map(str, range(self.modulus)), *"+-*"]
        return explored((0, 0, "+"), symbols, after, lambda state: str((state[0] + state[1]) % self.modulus))

    def steps(self, length: int) -> int:
        """The length, or one less."""
        return length - (length + 1) % 2

    def word(self, length: int, draw: Draw) -> list[int]:
        """See `FiniteState.word`."""
        steps = self.steps(length)
        return [self.modulus + draw.below(3) if t % 2 else draw.below(self.modulus) for t in range(steps)]

    def words(self, length: int, draws: Draws) -> NDArray[np.int64]:
        """See `FiniteState.words`."""
        odd = np.arange(self.steps(length)) % 2
        return self.modulus * odd + draws.belows(np.where(odd, 3, self.modulus), len(odd))

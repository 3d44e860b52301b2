"""The copying memory problem."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import BLANK, Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.errors import UserError


@dataclass(frozen=True)
class CopyMemory(GeneratedProblem):
    """A few symbols are shown, then nothing for a long time; at a signal they are to be said again.

        in:  the symbols, T - 1 blanks, the signal, a blank for each symbol
        out: T blanks and one for each symbol, the symbols

    Whoever has no memory can say blank and guess: of 10 symbols out of 8, the cross-entropy of a step is then
    10 ln 8 / (T + 20). S. Hochreiter and J. Schmidhuber, 1997, in the form of M. Arjovsky, A. Shah and Y. Bengio,
    Unitary Evolution Recurrent Neural Networks, ICML 2016. The length is T.

    Args:
        symbols: How many symbols there are.
        recall: How many are to be kept.
    """

    symbols: int = 8
    recall: int = 10

    dataset = "copy_memory"
    metrics: ClassVar[tuple[str, ...]] = ("cross_entropy", "sequence_accuracy")
    usual: ClassVar[Plan] = Plan(length=100)

    def __post_init__(self) -> None:
        if not 1 <= self.symbols <= len(string.ascii_lowercase):
            raise UserError(f"must be from 1 to 26, found {self.symbols}", where="--data.source.symbols")
        if self.recall < 1:
            raise UserError(f"must be at least 1, found {self.recall}", where="--data.source.recall")

    @property
    def inputs(self) -> Inputs:
        """A blank, the symbols, and the signal."""
        return Inputs(symbols=(BLANK, *string.ascii_lowercase[: self.symbols], ":"))

    @property
    def answers(self) -> Answers:
        """A blank and the symbols."""
        return Answers("class", (BLANK, *string.ascii_lowercase[: self.symbols]))

    def steps(self, length: int) -> int:
        """T and twice the symbols."""
        return length + 2 * self.recall

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        word = [1 + symbol for symbol in draw.belows(self.symbols, self.recall)]
        signal = self.symbols + 1
        x = [*word, *[0] * (length - 1), signal, *[0] * self.recall]
        y = [*[0] * (length + self.recall), *word]
        return Drawn(np.array(x), np.array(y), np.ones(len(x), dtype=np.bool_))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        word = 1 + draws.belows(self.symbols, self.recall)
        x = np.zeros((len(draws), self.steps(length)), dtype=np.int64)
        y = np.zeros_like(x)
        x[:, : self.recall] = y[:, -self.recall :] = word
        x[:, self.recall + length - 1] = self.symbols + 1
        return Drawn(x, y, np.ones(x.shape, dtype=np.bool_))

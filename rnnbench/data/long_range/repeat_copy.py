"""Copying vectors of bits, once or several times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.errors import UserError


def check_bits(bits: int) -> None:
    """Refuses vectors without bits, and larger ones than anybody wants."""
    if not 1 <= bits <= 1000:
        raise UserError(f"must be from 1 to 1000, found {bits}", where="--data.source.bits")


@dataclass(frozen=True)
class RepeatCopy(GeneratedProblem):
    """Vectors of random bits are shown; after a signal they are to be said again, once or several times.

    Once, it is the copy problem, otherwise the repeat copy problem of A. Graves, G. Wayne and I. Danihelka, Neural
    Turing Machines, 2014, section 4.1 and 4.2: with the signal comes how often, a number brought to mean 0 and variance
    1, and after the last vector a bit of its own is to say that it is over. The length is the number of vectors.

    Args:
        bits: Bits of a vector.
        repeats: Most times that the vectors are to be said; from 1 on, all are as likely.
    """

    bits: int = 8
    repeats: int = 1

    metrics: ClassVar[tuple[str, ...]] = ("bits_per_sequence", "cross_entropy", "sequence_accuracy", "wrong_bits")
    usual: ClassVar[Plan] = Plan(length=20, min_length=1, test_lengths=(20, 40, 60, 80, 100, 120))

    def __post_init__(self) -> None:
        check_bits(self.bits)
        if not 1 <= self.repeats <= 1000:
            raise UserError(f"must be from 1 to 1000, found {self.repeats}", where="--data.source.repeats")

    @property
    def dataset(self) -> str:  # type: ignore[override]
        """Which of the two it is."""
        return "bit_copy" if self.repeats == 1 else "repeat_copy"

    @property
    def inputs(self) -> Inputs:
        """The bits and the signal."""
        return Inputs(numbers=self.bits + 1)

    @property
    def answers(self) -> Answers:
        """The bits, and the one that says that it is over."""
        over = ("over",) if self.repeats > 1 else ()
        return Answers("bits", (*(f"bit {number + 1}" for number in range(self.bits)), *over))

    def steps(self, length: int) -> int:
        """The vectors, the signal, and the answers."""
        return length + 1 + length * self.repeats + (self.repeats > 1)

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        vectors = [draw.belows(2, self.bits) for _ in range(length)]
        times = 1 + draw.below(self.repeats)
        again = [vector for _ in range(times) for vector in vectors]
        blank, silent = [0.0] * (self.bits + 1), [0.0] * len(self.answers.names)
        if self.repeats > 1:
            again = [*([*vector, 0] for vector in again), [0] * self.bits + [1]]
        x = [*([*vector, 0.0] for vector in vectors), [*[0.0] * self.bits, self._signal(times)], *[blank] * len(again)]
        y = [*[silent] * (length + 1), *again]
        asked = [t > length for t in range(len(x))]
        return Drawn(np.array(x, dtype=np.float32), np.array(y, dtype=np.float32), np.array(asked))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, steps = len(draws), self.steps(length)
        vectors = draws.belows(2, length * self.bits).reshape(batch, length, self.bits)
        times = 1 + draws.below(self.repeats)
        x = np.zeros((batch, steps, self.bits + 1), dtype=np.float32)
        x[:, :length, : self.bits] = vectors
        signals = np.array([self._signal(time) for time in range(1, self.repeats + 1)])
        x[:, length, -1] = signals[times - 1]
        y = np.zeros((batch, steps, len(self.answers.names)), dtype=np.float32)
        said = y[:, length + 1 : length + 1 + length * self.repeats, : self.bits]
        said[:] = np.tile(vectors, (1, self.repeats, 1))
        place = np.arange(steps)
        ends = length + 1 + length * times
        y[place >= ends[:, None]] = 0
        lengths = ends + (self.repeats > 1)
        if self.repeats > 1:
            y[np.arange(batch), ends, -1] = 1
        asked = (place > length) & (place < lengths[:, None])
        return Drawn(x, y, asked, lengths)

    def _signal(self, times: int) -> float:
        if self.repeats == 1:
            return 1.0
        return (times - (1 + self.repeats) / 2) / math.sqrt((self.repeats**2 - 1) / 12)

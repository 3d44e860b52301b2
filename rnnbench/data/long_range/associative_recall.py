"""Which item came after that one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.data.long_range.repeat_copy import check_bits
from rnnbench.errors import UserError


@dataclass(frozen=True)
class AssociativeRecall(GeneratedProblem):
    """Items of a few vectors of bits are shown, then one of them again: the item that came after it is asked for.

    A. Graves, G. Wayne and I. Danihelka, Neural Turing Machines, 2014, section 4.3. One signal stands before each item,
    another one before and after the item that is shown again. The length is the number of items.

    Args:
        bits: Bits of a vector.
        vectors: Vectors of an item.
    """

    bits: int = 6
    vectors: int = 3

    dataset = "associative_recall"
    metrics: ClassVar[tuple[str, ...]] = ("bits_per_sequence", "cross_entropy", "sequence_accuracy", "wrong_bits")
    usual: ClassVar[Plan] = Plan(length=6, min_length=2, test_lengths=(6, 8, 10, 12, 15, 20))

    def __post_init__(self) -> None:
        check_bits(self.bits)
        if not 1 <= self.vectors <= 1000:
            raise UserError(f"must be from 1 to 1000, found {self.vectors}", where="--data.source.vectors")

    @property
    def shortest(self) -> int:
        """An item and the one after it."""
        return 2

    @property
    def inputs(self) -> Inputs:
        """The bits and both signals."""
        return Inputs(numbers=self.bits + 2)

    @property
    def answers(self) -> Answers:
        """The bits."""
        return Answers("bits", tuple(f"bit {number + 1}" for number in range(self.bits)))

    def steps(self, length: int) -> int:
        """The items and the one shown again, their signals, and the answer."""
        return (length + 1) * (self.vectors + 1) + 1 + self.vectors

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        items = [[draw.belows(2, self.bits) for _ in range(self.vectors)] for _ in range(length)]
        shown = draw.below(length - 1)
        before, query, blank = [0] * self.bits + [1, 0], [0] * self.bits + [0, 1], [0] * (self.bits + 2)
        x = [step for item in items for step in (before, *([*vector, 0, 0] for vector in item))]
        x += [query, *([*vector, 0, 0] for vector in items[shown]), query, *[blank] * self.vectors]
        y = [*[[0] * self.bits] * (len(x) - self.vectors), *items[shown + 1]]
        asked = [t >= len(x) - self.vectors for t in range(len(x))]
        return Drawn(np.array(x, dtype=np.float32), np.array(y, dtype=np.float32), np.array(asked))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, steps, rows = len(draws), self.steps(length), np.arange(len(draws))
        bits = draws.belows(2, length * self.vectors * self.bits)
        items = bits.reshape(batch, length, self.vectors, self.bits)
        shown = draws.below(length - 1)
        x = np.zeros((batch, steps, self.bits + 2), dtype=np.float32)
        parts = x[:, : (length + 1) * (self.vectors + 1)].reshape(batch, length + 1, self.vectors + 1, -1)
        parts[:, :length, 0, self.bits] = 1
        parts[:, :length, 1:, : self.bits] = items
        parts[:, length, 0, self.bits + 1] = 1
        parts[:, length, 1:, : self.bits] = items[rows, shown]
        x[:, -self.vectors - 1, self.bits + 1] = 1
        y = np.zeros((batch, steps, self.bits), dtype=np.float32)
        y[:, -self.vectors :] = items[rows, shown + 1]
        asked = np.zeros((batch, steps), dtype=np.bool_)
        asked[:, -self.vectors :] = True
        return Drawn(x, y, asked)

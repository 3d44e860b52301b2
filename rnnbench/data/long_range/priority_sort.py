"""Vectors in the order of their priorities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.data.long_range.repeat_copy import check_bits


@dataclass(frozen=True)
class PrioritySort(GeneratedProblem):
    """Vectors of bits are shown, each with a priority; those of the highest are asked for, the highest first.

    Priorities are drawn from [-1, 1); four fifths of the vectors are asked for: of 20, the first 16. A. Graves,
    G. Wayne and I. Danihelka, Neural Turing Machines, 2014, section 4.5. The length is the number of vectors.

    Args:
        bits: Bits of a vector.
    """

    bits: int = 8

    dataset = "priority_sort"
    metrics: ClassVar[tuple[str, ...]] = ("bits_per_sequence", "cross_entropy", "sequence_accuracy", "wrong_bits")
    usual: ClassVar[Plan] = Plan(length=20, test_lengths=(20, 25, 30))

    def __post_init__(self) -> None:
        check_bits(self.bits)

    @property
    def inputs(self) -> Inputs:
        """The bits, the priority, and the signal."""
        return Inputs(numbers=self.bits + 2)

    @property
    def answers(self) -> Answers:
        """The bits."""
        return Answers("bits", tuple(f"bit {number + 1}" for number in range(self.bits)))

    def steps(self, length: int) -> int:
        """The vectors, the signal, and the answers."""
        return length + 1 + _asked(length)

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        vectors = [draw.belows(2, self.bits) for _ in range(length)]
        priorities = [2 * number - 1 for number in draw.uniforms(length)]
        order = sorted(range(length), key=lambda place: -priorities[place])[: _asked(length)]
        x = [[*map(float, vector), priority, 0.0] for vector, priority in zip(vectors, priorities, strict=True)]
        x += [[0.0] * (self.bits + 1) + [1.0], *[[0.0] * (self.bits + 2)] * len(order)]
        y = [*[[0] * self.bits] * (length + 1), *(vectors[place] for place in order)]
        asked = [t > length for t in range(len(x))]
        return Drawn(np.array(x, dtype=np.float32), np.array(y, dtype=np.float32), np.array(asked))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, steps = len(draws), self.steps(length)
        vectors = draws.belows(2, length * self.bits).reshape(batch, length, self.bits)
        priorities = 2 * draws.uniforms(length) - 1
        order = np.argsort(-priorities, axis=1, kind="stable")[:, : _asked(length)]
        x = np.zeros((batch, steps, self.bits + 2), dtype=np.float32)
        x[:, :length, : self.bits] = vectors
        x[:, :length, self.bits] = priorities
        x[:, length, self.bits + 1] = 1
        y = np.zeros((batch, steps, self.bits), dtype=np.float32)
        y[:, length + 1 :] = vectors[np.arange(batch)[:, None], order]
        asked = np.broadcast_to(np.arange(steps) > length, (batch, steps)).copy()
        return Drawn(x, y, asked)


def _asked(length: int) -> int:
    return max(1, length * 4 // 5)

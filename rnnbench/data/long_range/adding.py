"""The adding problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan, last_step


@dataclass(frozen=True)
class Adding(GeneratedProblem):
    """Two numbers among many are marked; their sum is asked for at the end.

    A step has a number drawn from [0, 1) and a mark. One mark stands in the first half, one in the second. Whoever says
    1 has a mean squared error of 1/6. S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation
    1997, experiment 4, in the form of Q. V. Le, N. Jaitly and G. E. Hinton, arXiv 1504.00941. The length is that of the
    sequence.
    """

    dataset = "adding"
    metrics: ClassVar[tuple[str, ...]] = ("mse",)
    usual: ClassVar[Plan] = Plan(length=200)

    @property
    def shortest(self) -> int:
        """A number for each mark."""
        return 2

    @property
    def inputs(self) -> Inputs:
        """The number and the mark."""
        return Inputs(numbers=2)

    @property
    def answers(self) -> Answers:
        """The sum."""
        return Answers("numbers", ("sum",), last=True)

    def steps(self, length: int) -> int:
        """The length."""
        return length

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        numbers = draw.uniforms(length)
        first = draw.below(length // 2)
        second = length // 2 + draw.below(length - length // 2)
        x = np.array([(number, t in (first, second)) for t, number in enumerate(numbers)], dtype=np.float32)
        y = np.zeros((length, 1), dtype=np.float32)
        y[-1] = x[first, 0] + x[second, 0]
        return Drawn(x, y, last_step(length))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, rows = len(draws), np.arange(len(draws))
        x = np.zeros((batch, length, 2), dtype=np.float32)
        x[..., 0] = draws.uniforms(length)
        first = draws.below(length // 2)
        second = length // 2 + draws.below(length - length // 2)
        x[rows, first, 1] = x[rows, second, 1] = 1
        y = np.zeros((batch, length, 1), dtype=np.float32)
        y[:, -1, 0] = x[rows, first, 0] + x[rows, second, 0]
        return Drawn(x, y, last_step(length, batch))

"""The temporal order problem."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan, last_step
from rnnbench.errors import UserError

_OTHERS = "abcd"
# Where the markers stand, as twentieths of the length: each within a tenth of it.
_PLACES = {2: (2, 10), 3: (2, 7, 13)}


@dataclass(frozen=True)
class TemporalOrder(GeneratedProblem):
    """In which order two or three X and Y stood among other symbols; asked at the end.

    S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, Neural Computation 1997, experiment 6. The length is that
    of the sequence: a first and a last symbol of their own, and what stands between.

    Args:
        markers: How many X and Y there are: 2 for four classes, 3 for eight.
    """

    markers: int = 2

    dataset = "temporal_order"
    usual: ClassVar[Plan] = Plan(length=100)

    def __post_init__(self) -> None:
        if self.markers not in _PLACES:
            raise UserError(f"must be 2 or 3, found {self.markers}", where="--data.source.markers")

    @property
    def shortest(self) -> int:
        """A place for each marker."""
        return 20

    @property
    def inputs(self) -> Inputs:
        """The other symbols, the markers, the first and the last symbol."""
        return Inputs(symbols=(*_OTHERS, "X", "Y", "<", ">"))

    @property
    def answers(self) -> Answers:
        """The orders."""
        return Answers("class", tuple(map("".join, itertools.product("XY", repeat=self.markers))), last=True)

    def steps(self, length: int) -> int:
        """The length."""
        return length

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        x = draw.belows(4, length)
        label = 0
        for twentieths in _PLACES[self.markers]:
            place = length * twentieths // 20 + draw.below(length // 10)
            marker = draw.below(2)
            x[place], label = 4 + marker, 2 * label + marker
        x[0], x[-1] = 6, 7
        y = [*[0] * (length - 1), label]
        return Drawn(np.array(x), np.array(y), last_step(length))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        rows = np.arange(len(draws))
        x = draws.belows(4, length)
        y = np.zeros_like(x)
        for twentieths in _PLACES[self.markers]:
            place = length * twentieths // 20 + draws.below(length // 10)
            marker = draws.below(2)
            x[rows, place] = 4 + marker
            y[:, -1] = 2 * y[:, -1] + marker
        x[:, 0], x[:, -1] = 6, 7
        return Drawn(x, y, last_step(length, len(draws)))

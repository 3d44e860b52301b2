"""Brackets of several kinds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import BLANK, Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.errors import UserError

_PAIRS = ("()", "[]", "{}", "<>")


@dataclass(frozen=True)
class Dyck(GeneratedProblem):
    """Brackets that close what was opened last: after each one is asked which bracket may close now, if any.

    All words of balanced brackets of a length are as likely, those that are nested more deeply than the limit left out
    (J. Hewitt et al., RNNs can generate bounded hierarchical languages with optimal memory, EMNLP 2020, have such a
    limit; without one no finite automaton is enough). The length is that of the word; it is an even one, so that an odd
    length is taken as one less.

    Args:
        kinds: Number of kinds of brackets.
        depth: How deeply they may be nested; null for no limit.
    """

    kinds: int = 2
    depth: int | None = None

    usual: ClassVar[Plan] = Plan(length=40, min_length=2, test_lengths=(40, 80, 120, 160, 200))

    def __post_init__(self) -> None:
        if not 1 <= self.kinds <= len(_PAIRS):
            raise UserError(f"must be from 1 to {len(_PAIRS)}, found {self.kinds}", where="--data.source.kinds")
        if self.depth is not None and self.depth < 1:
            raise UserError(f"must be at least 1, found {self.depth}", where="--data.source.depth")

    @property
    def dataset(self) -> str:  # type: ignore[override]
        """Name with the number of kinds."""
        return f"dyck_{self.kinds}"

    @property
    def shortest(self) -> int:
        """A pair."""
        return 2

    @property
    def inputs(self) -> Inputs:
        """The brackets, the opening ones first."""
        return Inputs(symbols=tuple(pair[side] for side in (0, 1) for pair in _PAIRS[: self.kinds]))

    @property
    def answers(self) -> Answers:
        """None, or the bracket that may close."""
        return Answers("class", (BLANK, *(pair[1] for pair in _PAIRS[: self.kinds])))

    def steps(self, length: int) -> int:
        """The length, or one less."""
        return length - length % 2

    @cached_property
    def _opening(self) -> dict[int, NDArray[np.float64]]:
        """By length, see `_chances`."""
        return {}

    def _chances(self, length: int) -> NDArray[np.float64]:
        """The probability that the next bracket opens, by brackets to come and open ones ``(T + 1, D + 1)``.

        Of w_r(d), the number of ways to close d open brackets with r more ones, it is k w_(r-1)(d + 1) / w_r(d).
        """
        if length not in self._opening:
            most = min(length // 2, self.depth or length)
            ways = np.full(most + 3, -np.inf)
            ways[1] = 0.0  # Of depth 0; below it and beyond the limit there is no way.
            found = np.zeros((length + 1, most + 1))
            for to_come in range(1, length + 1):
                opened = ways[2:] + np.log(self.kinds)
                opened[-1] = -np.inf
                both = np.logaddexp(opened, ways[:-2])
                with np.errstate(invalid="ignore"):
                    found[to_come] = np.where(both > -np.inf, np.exp(opened - both), 0.0)
                ways[1:-1] = both
            self._opening[length] = found
        return self._opening[length]

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        steps = self.steps(length)
        chances = self._chances(steps)
        opens, kinds = draw.uniforms(steps), draw.belows(self.kinds, steps)
        open_ones: list[int] = []
        x, y = [], []
        for t in range(steps):
            if opens[t] < chances[steps - t, len(open_ones)]:
                open_ones.append(kinds[t])
                x.append(kinds[t])
            else:
                x.append(self.kinds + open_ones.pop())
            y.append(1 + open_ones[-1] if open_ones else 0)
        return Drawn(np.array(x), np.array(y), np.ones(steps, dtype=np.bool_))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, steps, rows = len(draws), self.steps(length), np.arange(len(draws))
        chances = self._chances(steps)
        opens, kinds = draws.uniforms(steps), draws.belows(self.kinds, steps)
        # The kinds of open brackets from place 1 on; none lies at place 0.
        stack, height = np.full((batch, chances.shape[1] + 1), -1), np.zeros(batch, dtype=np.int64)
        x, y = np.empty((batch, steps), dtype=np.int64), np.empty((batch, steps), dtype=np.int64)
        for t in range(steps):
            opening = opens[:, t] < chances[steps - t, height]
            x[:, t] = np.where(opening, kinds[:, t], self.kinds + stack[rows, height])
            height = np.where(opening, height + 1, height - 1)
            stack[rows, height] = np.where(opening, kinds[:, t], stack[rows, height])
            y[:, t] = 1 + stack[rows, height]
        return Drawn(x, y, np.ones(x.shape, dtype=np.bool_))

"""Many queries to many pairs of a key and a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.problem import Answers, Drawn, GeneratedProblem, Inputs, Plan
from rnnbench.errors import UserError


@dataclass(frozen=True)
class QueryRecall(GeneratedProblem):
    """Keys are shown with their values; each key comes again, once, among other symbols: its value is asked for there.

    Multi-query associative recall, S. Arora et al., Zoology: Measuring and Improving Recall in Efficient Language
    Models, ICLR 2024. The first half of the vocabulary are keys, the second one values. After the pairs every second
    place may hold a query, early ones more often: place i has the weight i^(a - 1). The rest are random symbols. The
    length is that of the sequence, at least four for each pair.

    Args:
        vocabulary: Number of symbols.
        pairs: Number of pairs.
        power: The exponent a; 1 makes all places as likely.
    """

    vocabulary: int = 128
    pairs: int = 8
    power: float = 0.01

    dataset = "query_recall"
    usual: ClassVar[Plan] = Plan(length=64, train=20000)

    def __post_init__(self) -> None:
        if not 4 <= self.vocabulary <= 100_000:
            raise UserError(f"must be from 4 to 100,000, found {self.vocabulary}", where="--data.source.vocabulary")
        if not 1 <= self.pairs <= self.vocabulary // 2:
            most = self.vocabulary // 2
            raise UserError(
                f"must be from 1 to {most}, the number of keys, found {self.pairs}", where="--data.source.pairs"
            )
        if not 0 < self.power <= 1:
            raise UserError(f"must be above 0 and at most 1, found {self.power}", where="--data.source.power")

    @property
    def shortest(self) -> int:
        """A pair, and a place for a query."""
        return 4 * self.pairs

    @property
    def inputs(self) -> Inputs:
        """The vocabulary."""
        return Inputs(symbols=tuple(map(str, range(self.vocabulary))))

    @property
    def answers(self) -> Answers:
        """The vocabulary."""
        return Answers("class", self.inputs.symbols)

    def steps(self, length: int) -> int:
        """The length."""
        return length

    def define(self, length: int, draw: Draw) -> Drawn:
        """See `GeneratedProblem.define`."""
        half, places = self.vocabulary // 2, (length - 2 * self.pairs) // 2
        order = draw.uniforms(half)
        keys = sorted(range(half), key=lambda key: order[key])[: self.pairs]
        values = [half + value for value in draw.belows(self.vocabulary - half, self.pairs)]
        # Of numbers u^(1/w) the greatest belong to a sample without replacement by the weights w.
        rank = np.log(draw.uniforms(places)) / self._weights(places)
        chosen = sorted(range(places), key=lambda place: -rank[place])[: self.pairs]
        x = [symbol for pair in zip(keys, values, strict=True) for symbol in pair]
        x += draw.belows(self.vocabulary, length - 2 * self.pairs)
        y, asked = [0] * length, [False] * length
        for key, value, place in zip(keys, values, chosen, strict=True):
            step = 2 * (self.pairs + place)
            x[step], y[step], asked[step] = key, value, True
        return Drawn(np.array(x), np.array(y), np.array(asked))

    def generate(self, length: int, draws: Draws) -> Drawn:
        """See `GeneratedProblem.generate`."""
        batch, rows = len(draws), np.arange(len(draws))[:, None]
        half, places = self.vocabulary // 2, (length - 2 * self.pairs) // 2
        keys = np.argsort(draws.uniforms(half), axis=1, kind="stable")[:, : self.pairs]
        values = half + draws.belows(self.vocabulary - half, self.pairs)
        with np.errstate(divide="ignore"):
            rank = np.log(draws.uniforms(places)) / self._weights(places)
        chosen = np.argsort(-rank, axis=1, kind="stable")[:, : self.pairs]
        x = np.empty((batch, length), dtype=np.int64)
        x[:, : 2 * self.pairs] = np.stack([keys, values], 2).reshape(batch, -1)
        x[:, 2 * self.pairs :] = draws.belows(self.vocabulary, length - 2 * self.pairs)
        steps = 2 * (self.pairs + chosen)
        y, asked = np.zeros_like(x), np.zeros(x.shape, dtype=np.bool_)
        x[rows, steps], y[rows, steps], asked[rows, steps] = keys, values, True
        return Drawn(x, y, asked)

    def _weights(self, places: int) -> np.ndarray:
        return np.arange(1, places + 1, dtype=np.float64) ** (self.power - 1)

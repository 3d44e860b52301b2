"""Words drawn by their frequency, each in constant time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.embeddings.draws import below, lower


class Noise(NamedTuple):
    """A distribution over V words as V slots, each with two of them.

    A. J. Walker, An Efficient Method for Generating Discrete Random Variables with General Distributions, ACM TOMS 3
    (1977); the table is made as M. D. Vose does, IEEE TSE 17 (1991).
    """

    bounds: NDArray[np.uint32]
    """``(V,)``: a slot is its own word where 32 bits are below this, else the other one."""
    others: NDArray[np.int32]
    """``(V,)``: the other word of each slot."""

    @classmethod
    def of(cls, counts: Sequence[int], power: float) -> Noise:
        """Words in proportion to a power of their counts ``(V,)``; Mikolov 2013 has 3/4."""
        weights = np.asarray(counts, dtype=np.float64) ** power
        shares = weights * (len(weights) / weights.sum())
        bounds, others = np.full(len(shares), 2**32 - 1, dtype=np.uint32), np.arange(len(shares), dtype=np.int32)
        small = [slot for slot in range(len(shares)) if shares[slot] < 1]
        large = [slot for slot in range(len(shares)) if shares[slot] >= 1]
        while small and large:
            slot, giver = small.pop(), large[-1]
            bounds[slot], others[slot] = int(shares[slot] * 2.0**32), giver
            shares[giver] -= 1 - shares[slot]
            if shares[giver] < 1:
                small.append(large.pop())
        return cls(bounds, others)

    def words(self, numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The word of each random number ``(N,)``."""
        slots = below(numbers, len(self.bounds))
        return np.where(lower(numbers) < self.bounds[slots], slots, self.others[slots])

    def probabilities(self) -> NDArray[np.float64]:
        """How likely each word is drawn ``(V,)``."""
        own = self.bounds / 2.0**32
        own[self.others == np.arange(len(own))] = 1
        found = own.copy()
        np.add.at(found, self.others, 1 - own)
        return found / len(own)

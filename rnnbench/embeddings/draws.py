"""Random numbers that depend on a seed and a place alone, so that nobody has to know what was drawn before."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PER_PLACE = 64
"""How many numbers a place has. The same number stands in pass.cpp."""
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


class Draws(NamedTuple):
    """The numbers of a pass over a stream: SplitMix64 with a place as its counter.

    G. L. Steele, D. Lea and C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 16.
    """

    key: int
    """Tells one pass from another; 64 bits."""

    @classmethod
    def of(cls, seed: int, epoch: int) -> Draws:
        """The numbers of an epoch."""
        return cls(int(_mixed(np.array([(seed * _GOLDEN + epoch + 1) & _MASK], np.uint64))[0]))

    def __call__(self, places: NDArray[np.int64], which: int) -> NDArray[np.uint64]:
        """A number of each place ``(N,)``.

        Args:
            places: Where in the stream ``(N,)``.
            which: Which of the place's numbers, below `PER_PLACE`.
        """
        counters = places.astype(np.uint64) * np.uint64(PER_PLACE) + np.uint64(which)
        return _mixed(np.uint64(self.key) + np.uint64(_GOLDEN) * counters)


def below(numbers: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """Each number as one of ``0, ..., size - 1``, by its upper half."""
    return ((upper(numbers) * np.uint64(size)) >> np.uint64(32)).astype(np.int64)


def upper(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The upper 32 bits."""
    return numbers >> np.uint64(32)


def lower(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The lower 32 bits."""
    return numbers & np.uint64(2**32 - 1)


def threshold(probability: NDArray[Any]) -> NDArray[np.uint32]:
    """Bounds that 32 random bits keep to, with these probabilities; at 1 all do."""
    return np.clip(np.ceil(probability * 2.0**32) - 1, 0, 2**32 - 1).astype(np.uint32)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))

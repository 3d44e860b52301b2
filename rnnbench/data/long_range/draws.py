"""Random numbers by their place: the same for a sample whichever batch, worker or process asks for it.

The j-th number of sample i is a hash of (key, i, j), by the mixing function of SplitMix64 (G. L. Steele, D. Lea and
C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). Nothing has to be drawn before it, so a whole
batch is drawn at once: `Draws`. `Draw` is the same for one sample, in plain Python, and the definition of it.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BITS = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


def key_of(seed: int, name: str) -> int:
    """A number that stands for a seed and what is drawn with it, such as a split."""
    return _mix(seed * _GOLDEN + zlib.crc32(name.encode("utf-8")))


class Draw:
    """The random numbers of one sample, one after the other.

    Args:
        key: See `key_of`.
        sample: Number of the sample.
    """

    def __init__(self, key: int, sample: int) -> None:
        self._start = _mix(key + (sample + 1) * _GOLDEN)
        self._next = 0

    def below(self, bound: int) -> int:
        """One of 0, ..., bound - 1; bound is at most 2^32."""
        return (self._bits() >> 32) * bound >> 32

    def uniform(self) -> float:
        """A multiple of 2^-53 in [0, 1)."""
        return (self._bits() >> 11) * 2.0**-53

    def belows(self, bound: int, count: int) -> list[int]:
        """`below`, so many times."""
        return [self.below(bound) for _ in range(count)]

    def uniforms(self, count: int) -> list[float]:
        """`uniform`, so many times."""
        return [self.uniform() for _ in range(count)]

    def _bits(self) -> int:
        self._next += 1
        return _mix(self._start + self._next * _GOLDEN)


class Draws:
    """The random numbers of B samples, which they have one after the other.

    Args:
        key: See `key_of`.
        samples: Numbers of the samples ``(B,)``.
    """

    def __init__(self, key: int, samples: ArrayLike) -> None:
        numbers = np.asarray(samples, dtype=np.uint64)
        with np.errstate(over="ignore"):
            self._starts = _mix_all(np.uint64(key) + (numbers + np.uint64(1)) * np.uint64(_GOLDEN))
        self._next = 0

    def __len__(self) -> int:
        return len(self._starts)

    def below(self, bound: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """``(B,)``: of each sample one of 0, ..., bound - 1; a bound ``(B,)`` is each its own."""
        bounds = bound if isinstance(bound, int) else bound[:, None]
        return self.belows(bounds, 1)[:, 0]

    def uniform(self) -> NDArray[np.float64]:
        """``(B,)``: of each sample a multiple of 2^-53 in [0, 1)."""
        return self.uniforms(1)[:, 0]

    def belows(self, bound: int | NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """`below`, so many times: ``(B, count)``.

        Args:
            bound: The bound; ``(count,)`` for another one each time, ``(B, 1)`` for each sample's own.
            count: How many times.
        """
        high = self._bits(count) >> np.uint64(32)
        return (high * np.asarray(bound).astype(np.uint64) >> np.uint64(32)).astype(np.int64)

    def uniforms(self, count: int) -> NDArray[np.float64]:
        """`uniform`, so many times: ``(B, count)``."""
        return (self._bits(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def _bits(self, count: int) -> NDArray[np.uint64]:
        places = np.arange(self._next + 1, self._next + count + 1, dtype=np.uint64)
        self._next += count
        with np.errstate(over="ignore"):
            return _mix_all(self._starts[:, None] + places * np.uint64(_GOLDEN))


def _mix(z: int) -> int:
    z &= _BITS
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _BITS
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _BITS
    return z ^ z >> 31


def _mix_all(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)

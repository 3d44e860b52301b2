"""Memory that captured loops share."""

from __future__ import annotations

import math
import weakref

import torch
from torch import Tensor

# Buffers begin where vector loads of a GPU want them, counted in numbers of up to eight bytes.
_ALIGNED = 64

_alive: weakref.WeakSet[Arena] = weakref.WeakSet()


class Meter:
    """Makes buffers anywhere, and counts how much an `Arena` would need for them.

    Args:
        like: A tensor of the type and device of the buffers.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self.used = 0

    def __call__(self, *shape: int) -> Tensor:
        """A new buffer."""
        self.used += _taken(shape)
        return self._like.new_empty(shape)


class Arena:
    """One block that buffers are cut from, one after the other.

    The loops of one cell run one at a time, so that those of all shapes can lie in the same place: together they need
    what the largest of them needs.

    Args:
        like: A tensor of the type and device of the buffers.
        size: Numbers in it.
    """

    def __init__(self, like: Tensor, size: int) -> None:
        self._block = like.new_empty(size)
        self.device = like.device
        self.size = size
        self.used = 0
        _alive.add(self)

    def suits(self, like: Tensor, size: int) -> bool:
        """Whether so many numbers of a tensor's type and device can be cut from it."""
        return self.size >= size and (self._block.dtype, self.device) == (like.dtype, like.device)

    @property
    def bytes(self) -> int:
        """What it takes of the device's memory."""
        return self.size * self._block.element_size()

    def __call__(self, *shape: int) -> Tensor:
        """The next buffer."""
        start = self.used
        self.used += _taken(shape)
        if self.used > self.size:
            raise RuntimeError(f"an arena of {self.size} numbers was asked for {self.used}")
        return self._block[start : start + math.prod(shape)].view(shape)


def held(device: torch.device) -> int:
    """Bytes of all arenas on a device."""
    return sum(arena.bytes for arena in _alive if arena.device == device)


def _taken(shape: tuple[int, ...]) -> int:
    return -(-math.prod(shape) // _ALIGNED) * _ALIGNED

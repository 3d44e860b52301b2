"""Batches: named tuples of tensors, which Lightning pins, moves and types."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

IGNORED = -100
"""Target of a position that is padding: the value that torch's losses leave out."""


class StripBatch(NamedTuple):
    """One window over parallel strips of a token stream; the next window goes on where this one ends.

    B strips, T positions.
    """

    x: Tensor
    """``(B, T)`` int64: the token before each target."""
    y: Tensor
    """``(B, T)`` int64: targets; `IGNORED` where a strip has ended."""
    starts: Tensor
    """``(B,)`` bool: strips that begin with this window, whose state is to be reset."""
    place: Tensor
    """``()`` int64: place of the window in the whole data set, on whichever process it is read; -1 for a window that
    holds nothing."""

    tokens: int
    """Number of targets that are not padding; a plain number, so that no device has to be asked for it."""


def empty_strip_batch() -> StripBatch:
    """A window without a target, for a process that has nothing to read while others have."""
    return StripBatch(
        x=torch.zeros(1, 1, dtype=torch.int64),
        y=torch.full((1, 1), IGNORED),
        starts=torch.ones(1, dtype=torch.bool),
        place=torch.tensor(-1),
        tokens=0,
    )

"""Sequences of different lengths in one flat array, which goes to another process at the price of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Sequences:
    """N sequences, read by their numbers.

    A tensor that is handed to a worker takes a file descriptor there, and a system allows some thousand: so there is
    one tensor for all sequences and one for where each begins.

    Args:
        parts: The sequences ``(T_i, ...)``, equal in all but their first size and of one type.
    """

    def __init__(self, parts: Sequence[Tensor] | Sequence[NDArray[np.generic]]) -> None:
        tensors = [torch.as_tensor(part) for part in parts]
        self._values = torch.cat(tensors) if tensors else torch.zeros(0, dtype=torch.int64)
        self._ends = torch.tensor([len(part) for part in tensors], dtype=torch.int64).cumsum(0)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> Tensor:
        """A view ``(T, ...)`` of one of them."""
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        return self._values[int(self._ends[number - 1]) if number else 0 : int(self._ends[number])]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``."""
        return np.diff(self._ends.numpy(), prepend=0)

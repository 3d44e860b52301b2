"""Sequences of different lengths in one flat array, which goes to another process at the price of one, or in a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.lazy import Lazy, Numbers
from rnnbench.data.text.token_file import TokenFile


class Sequences(Lazy[Tensor]):
    """N sequences, read by their numbers.

    A tensor that is handed to a worker takes a file descriptor there, and a system allows some thousand: so there is
    one tensor for all sequences, and two for where each begins and how long it is.

    Args:
        parts: The sequences ``(T_i, ...)``, equal in all but their first size and of one type.
    """

    def __init__(self, parts: Sequence[Tensor] | Sequence[NDArray[np.generic]]) -> None:
        tensors = [torch.as_tensor(part) for part in parts]
        self._values: Tensor | TokenFile = torch.cat(tensors) if tensors else torch.zeros(0, dtype=torch.int64)
        self._lengths = torch.tensor([len(part) for part in tensors], dtype=torch.int64)
        self._starts = self._lengths.cumsum(0) - self._lengths

    @classmethod
    def stored(cls, values: TokenFile, lengths: NDArray[np.integer]) -> Sequences:
        """Sequences of ids that stand in a file, one after the other; they come as int64.

        Args:
            values: The ids of all.
            lengths: How many each has ``(N,)``.
        """
        made = cls([])
        made._values = values
        made._lengths = torch.from_numpy(lengths.astype(np.int64))
        made._starts = made._lengths.cumsum(0) - made._lengths
        return made

    def cut(self, most: int) -> Sequences:
        """The same without what comes after so many values of each; nothing is copied."""
        made = Sequences([])
        made._values, made._starts, made._lengths = self._values, self._starts, self._lengths.clamp(max=most)
        return made

    def chosen(self, numbers: NDArray[np.int64]) -> Sequences:
        """Some of them ``(K,)``, in this order; nothing is copied."""
        made = Sequences([])
        made._values, made._starts, made._lengths = self._values, self._starts[numbers], self._lengths[numbers]
        return made

    def __len__(self) -> int:
        return len(self._lengths)

    def take(self, numbers: Numbers) -> list[Tensor]:
        """Some of them, each ``(T, ...)``: views of what is in memory, copies of what is not."""
        places = np.asarray(numbers, dtype=np.int64)
        starts, lengths = (part.numpy()[places].tolist() for part in (self._starts, self._lengths))
        spans = [slice(start, start + length) for start, length in zip(starts, lengths, strict=True)]
        if isinstance(self._values, Tensor):
            return [self._values[span] for span in spans]
        # Mapped once for all, and no longer than they are read.
        values = self._values[:]
        return [torch.from_numpy(values[span].astype(np.int64)) for span in spans]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``."""
        return self._lengths.numpy()

"""Batches of sequences with answers at some of their steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.long_range.problem import Samples


class LongRangeBatch(NamedTuple):
    """B sequences of up to T steps, N answers in all."""

    x: Tensor
    """``(B, T)`` int64 symbols, or ``(B, T, F)`` float32 numbers; zeros past the end."""
    lengths: Tensor
    """``(B,)`` int64."""
    asked: Tensor
    """``(B, T)`` bool: at which steps there is an answer; nowhere past the end."""
    y: Tensor
    """``(N,)`` int64 classes, or ``(N, K)`` float32 bits or numbers: the answers, sequence by sequence."""
    states: Tensor
    """``(N,)`` int64: the state of the automaton where there is an answer; -1 where a problem has none."""
    sizes: Tensor
    """``(B,)`` int64: the length that was asked for."""
    ids: Tensor
    """``(B,)`` int64: number of each sequence in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Sum of the lengths."""


class Sequences:
    """The sequences of a split; called with some of their numbers and the epoch, it makes a batch of them.

    Args:
        samples: What makes them.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Most steps of each."""
        return self.samples.lengths

    def __call__(self, samples: list[int], epoch: int) -> LongRangeBatch:
        """The batch of some sequences."""
        numbers = np.array(samples, dtype=np.int64)
        made = self.samples.draw(numbers, epoch)
        lengths = np.full(len(numbers), made.asked.shape[1]) if made.lengths is None else made.lengths
        states = np.full(int(made.asked.sum()), -1) if made.states is None else made.states[made.asked]
        # A problem makes room for the longest sequence that there could be.
        steps = int(lengths.max())
        return LongRangeBatch(
            x=torch.from_numpy(made.x[:, :steps]),
            lengths=torch.from_numpy(lengths),
            asked=torch.from_numpy(made.asked[:, :steps]),
            y=torch.from_numpy(made.y[made.asked]),
            states=torch.from_numpy(states),
            sizes=torch.from_numpy(self.samples.sizes[numbers]),
            ids=torch.from_numpy(numbers),
            tokens=int(lengths.sum()),
        )

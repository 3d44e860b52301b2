"""The loss of a whole optimizer step: a mean over the units of all processes and all accumulated batches.

A mean over processes or accumulated batches of their own means, as Lightning and torch take it, weighs a token in a
batch of few tokens more than one in a batch of many.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
import torch.distributed
from torch import Tensor


class Weighed(NamedTuple):
    """A batch's part in the loss of its step."""

    loss: Tensor
    """``()``: what to compute gradients of."""
    mean: Tensor
    """``()``: the mean over the units of all processes' batches, without gradient."""


class StepMean:
    """Weighs the means of batches, so that their gradients add up to that of the mean over all units of the step.

    Gradients are averaged over processes, and divided by the number of batches that are accumulated. Until the last
    batch of a step nobody knows how many units it has, so they are those of a mean in which the first batches of all
    processes are the whole; before the optimizer's step `settle` puts that right, once. Where nothing is accumulated,
    it is right from the beginning; on one process, then, the loss is the mean itself, bit for bit.
    """

    def __init__(self) -> None:
        self._first: float | Tensor = 0
        self._sum: float | Tensor = 0
        self._batches = 0

    def weigh(self, mean: Tensor, units: int | Tensor, likelihood: Tensor, processes: int = 1) -> Weighed:
        """Takes in the next batch of the step.

        Args:
            mean: ``()``: the mean over the units of the batch, of what is to be learned.
            units: Number of its units, 0 for a batch that counts for nothing.
            likelihood: ``()``: that part of the mean that is told; without gradient.
            processes: Number of processes, which all take in a batch now.
        """
        told, everywhere = likelihood, units
        if processes > 1:
            wide = torch.promote_types(mean.dtype, torch.float32)
            here = units.to(wide) if isinstance(units, Tensor) else mean.new_full((), units, dtype=wide)
            # Zero units may stand beside a mean that is no number.
            lost = torch.where(here > 0, likelihood.to(wide) * here, 0)
            both = torch.stack([lost, here])
            # Directly: Lightning's own reduction waits for all processes beforehand.
            torch.distributed.all_reduce(both)
            told, everywhere = both[0] / at_least_one(both[1]), both[1]
        self._batches += 1
        self._sum = self._sum + everywhere
        if self._batches == 1:
            self._first = at_least_one(everywhere)
        if processes == 1 and self._batches == 1:
            return Weighed(mean, told)
        weight = units * processes / self._first
        return Weighed(mean * weight, told)

    def settle(self, parameters: Iterable[Tensor], accumulated: int = 1) -> None:
        """Ends the step: makes the gradients those of the mean over all its units.

        Args:
            parameters: Those with gradients.
            accumulated: The number of batches by which their losses were divided.
        """
        batches, first, total = self._batches, self._first, self._sum
        self._batches, self._first, self._sum = 0, 0, 0
        if batches == 0 or accumulated == batches == 1:
            return
        factor = accumulated * first / at_least_one(total)
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(factor)


def at_least_one(units: float | Tensor) -> Any:
    """What a sum over so many units is divided by: where there are none, the sum is zero."""
    return units.clamp(min=1) if isinstance(units, Tensor) else max(units, 1)

"""Values of single samples, kept so that no batch and no process leaves a trace in a corpus metric."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class ItemValues(Metric):
    """A few numbers for each sample of a split: its loss and tokens, whether it is right, its counts of errors.

    Every sample is entered with its number. All are kept, gathered from all processes and sorted by number, so what an
    application computes of them is the same on one process and on many, to the bit.
    """

    full_state_update = False
    ids: list[Tensor]
    values: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("ids", [], dist_reduce_fx="cat")
        self.add_state("values", [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, values: Tensor) -> None:
        """Enters some samples.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sample that counts for nothing.
            values: ``(B, K)``.
        """
        # Samples that count for nothing are entered too, so that no process has nothing to gather.
        self.ids.append(ids)
        self.values.append(values.double())

    def compute(self) -> Tensor:
        """``(N, K)`` float64, in the order of the samples' numbers."""
        ids, values = dim_zero_cat(self.ids), dim_zero_cat(self.values)
        ids, values = ids[ids >= 0], values[ids >= 0]
        if len(ids) != len(torch.unique(ids)):
            raise RuntimeError("a sample was entered twice")
        return values[torch.argsort(ids)]

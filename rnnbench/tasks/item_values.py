"""Values of single samples, kept so that no batch and no process leaves a trace in a corpus metric."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class ItemSums(NamedTuple):
    """What each sample of a split contributes to the sums that its leading metric is made of."""

    metric: str
    """Name of the metric."""
    numbers: Tensor
    """Numbers of the samples, ascending, ``(N,)``."""
    sums: Tensor
    """``(N, 2)``: a score and a weight, whose sums have the metric as their ratio; or ``(N, 10)``, the counts of BLEU
    (lengths of hypothesis and reference, n-grams that match, n-grams)."""


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
        self._last: tuple[Tensor, Tensor] | None = None

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
        order = torch.argsort(ids)
        self._last = ids[order], values[order]
        return values[order]

    def contributions(self, values: Tensor) -> tuple[str, Tensor] | None:
        """The leading metric's name, and what each sample contributes to it (`ItemSums`); None where it is no sum.

        Args:
            values: What was entered ``(N, K)``.
        """
        return None

    def item_sums(self) -> ItemSums | None:
        """The contributions of the samples that the metrics were last computed of, also after a reset."""
        if self._last is None:
            return None
        numbers, values = self._last
        found = self.contributions(values)
        return None if found is None else ItemSums(found[0], numbers, found[1])

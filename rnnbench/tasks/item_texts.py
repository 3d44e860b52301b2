"""Texts that a model made of single samples, kept so that no batch and no process leaves a trace in a corpus metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics.utilities import dim_zero_cat

from rnnbench.tasks.item_values import ItemValues


class Items(NamedTuple):
    """What was entered of N samples, in the order of their numbers."""

    ids: list[int]
    """Numbers of the samples."""
    values: Tensor
    """``(N, K)`` float64."""
    texts: list[str]


class ItemTexts(ItemValues):
    """A text of each sample and a few numbers: hypotheses, to be compared with the references all at once.

    Texts are gathered from all processes as bytes.
    """

    texts: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("texts", [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, values: Tensor, texts: Sequence[str]) -> None:  # type: ignore[override]
        """Enters some samples.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sample that counts for nothing.
            values: ``(B, K)``.
            texts: B texts.
        """
        raw = [text.encode("utf-8") for text in texts]
        sizes = torch.tensor([len(one) for one in raw], dtype=torch.float64, device=values.device)
        super().update(ids, torch.cat([values.double(), sizes[:, None]], 1))
        self.texts.append(torch.tensor(list(b"".join(raw)), dtype=torch.uint8, device=values.device))

    def compute(self) -> Items:  # type: ignore[override]
        """All samples that count."""
        # The order in which samples were entered is that of the bytes.
        ids, values = dim_zero_cat(self.ids).tolist(), dim_zero_cat(self.values)
        raw = bytes(dim_zero_cat(self.texts).tolist())
        ends = values[:, -1].cumsum(0).long().tolist()
        texts = [raw[start:end].decode("utf-8") for start, end in zip([0, *ends], ends, strict=False)]
        found = {i: text for i, text in zip(ids, texts, strict=True) if i >= 0}
        return Items(sorted(found), super().compute()[:, :-1], [found[i] for i in sorted(found)])

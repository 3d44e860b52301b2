"""Provisional."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class CorpusTranslations(Metric):
    """Losses and translations of all items."""

    full_state_update = False
    ids: list[Tensor]
    nats: list[Tensor]
    sizes: list[Tensor]
    text: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("ids", "nats", "sizes", "text"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, nats: Tensor, texts: Sequence[str]) -> None:
        """Enters a batch."""
        raw = [text.encode() for text in texts]
        self.ids.append(ids)
        self.nats.append(nats.double())
        self.sizes.append(torch.tensor([len(one) for one in raw], device=ids.device))
        self.text.append(torch.tensor(list(b"".join(raw)), dtype=torch.uint8, device=ids.device))

    def compute(self) -> tuple[list[int], float, list[str]]:
        """Ids, nats, texts in order."""
        ids, nats, sizes, text = map(dim_zero_cat, (self.ids, self.nats, self.sizes, self.text))
        pieces = bytes(text.tolist())
        ends = sizes.cumsum(0).tolist()
        found = {}
        for i, n, end, size in zip(ids.tolist(), nats.tolist(), ends, sizes.tolist(), strict=True):
            if i >= 0:
                found[i] = (n, pieces[end - size : end].decode())
        order = sorted(found)
        return order, math.fsum(found[i][0] for i in order), [found[i][1] for i in order]

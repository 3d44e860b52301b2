"""How often each token occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.cloze.batch import ClozeBatch
from rnnbench.tasks.cloze.data import ClozeData
from rnnbench.tasks.cloze.model import NEVER, ClozeTask


class UnigramModel(CountingModel[ClozeData], ClozeTask):
    """The frequencies of the tokens of training, each counted once more; it looks at nothing."""

    tables: ClassVar[Sequence[str]] = ("counts",)
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """``counts (V,)``."""
        texts = self.data.splits["train"]
        counts = torch.ones(len(self.encoder), dtype=torch.float64)
        for number in range(len(texts.lengths)):
            counts += texts[number].bincount(minlength=len(counts))
        counts[list(NEVER)] = 0
        return {"counts": counts}

    def forward(self, batch: ClozeBatch) -> Tensor:
        """See `ClozeTask.forward`."""
        counts = self.counts if len(self.counts) else self.counts.new_ones(len(self.encoder))
        return counts.log().expand(batch.tokens, -1)

    def model_name(self) -> str:
        """What it is."""
        return "unigram"

"""A classifier of texts, plainly: layers of torch.nn, the maximum over time, ``F.cross_entropy``."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.bench.plain.model import PlainModel, PlainStack, PlainWords, linear_of, valid_places
from rnnbench.data.batches.batch import SequenceBatch
from rnnbench.tasks.sentiment import RecurrentClassifier


class PlainClassifier(PlainModel):
    """Embedding, layers of torch.nn, the maximum over time, scores.

    Args:
        model: Ours.
    """

    def __init__(self, model: RecurrentClassifier) -> None:
        super().__init__()
        self.words = PlainWords(model.embedding)
        self.stack = PlainStack(model.backbone)
        self.dropout = nn.Dropout(model.dropout.p)
        self.output = linear_of(model.output)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Ids ``(B, T)`` with ``lengths (B,)`` -> scores ``(B, C)``."""
        hidden = self.stack(self.words(x), lengths)
        padding = ~valid_places(lengths, x.shape[1])
        largest = hidden.masked_fill(padding[..., None], -torch.inf).max(1).values
        return self.output(self.dropout(largest))

    def loss(self, batch: SequenceBatch) -> Tensor:
        """See `PlainModel.loss`: over texts."""
        return F.cross_entropy(self(batch.x, batch.lengths), batch.y)

"""A language model, plainly: ``nn.LSTM``, all scores, ``F.cross_entropy``."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.bench.layers import layers_of
from rnnbench.bench.plain.model import PlainModel, embedding_of, linear_of
from rnnbench.data.batches.batch import IGNORED, StripBatch
from rnnbench.tasks.text_generation import LanguageModel


class PlainLanguageModel(PlainModel):
    """Embedding, layers of torch.nn, scores; the state goes on from window to window.

    Args:
        model: Ours.
    """

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.dropout = nn.Dropout(model.dropout.p)
        self.embedding = embedding_of(model.embedding)
        self.layers = layers_of(model.backbone.cells, model.backbone.dropout.between)
        self.output = linear_of(model.output)
        if model.tie_embeddings:
            self.output.weight = self.embedding.weight
        self.state: Any = None

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Tokens ``(B, T)`` -> scores ``(B, T, V)`` and the state after the last."""
        hidden, state = self.layers(self.dropout(self.embedding(x)), state)
        return self.output(self.dropout(hidden)), state

    @torch.no_grad()
    def write(self, token: int, length: int) -> list[int]:
        """Draws so many tokens after the first one, one by one."""
        self.eval()
        x, state, written = torch.tensor([[token]]), None, []
        for _ in range(length):
            scores, state = self(x, state)
            x = torch.multinomial(F.softmax(scores[:, -1], -1), 1)
            written.append(int(x))
        return written

    def loss(self, batch: StripBatch) -> Tensor:
        """See `PlainModel.loss`: over tokens."""
        scores, state = self(batch.x, None if batch.starts.all() else self.state)
        self.state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        return F.cross_entropy(scores.flatten(0, 1), batch.y.flatten(), ignore_index=IGNORED)

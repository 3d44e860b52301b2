"""A classifier as a graph: ids and lengths to probabilities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.tasks.base.graph import Graph
from rnnbench.tasks.sentiment.model import TextClassifier


class _Probabilities(nn.Module):
    def __init__(self, model: TextClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor]:
        return (self.model(ids, lengths).softmax(1),)


def graph(model: TextClassifier) -> Graph:
    """Ids ``(B, T)`` int64 and lengths ``(B,)`` int64 -> probabilities ``(B, C)``.

    Args:
        model: A trained model.
    """

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        lengths = torch.randint(1, steps + 1, (batch,))
        lengths[-1] = steps
        return torch.randint(len(model.encoder), (batch, steps)), lengths

    return Graph(
        module=_Probabilities(model),
        inputs={"ids": ("batch", "time"), "lengths": ("batch",)},
        outputs=("probabilities",),
        example=example,
        beside={
            "application": model.application,
            "tokenizer": model.encoder.portable(),
            "labels": model.labels.names,
            "max_length": model.max_length,
        },
    )

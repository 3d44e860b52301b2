"""A classifier as a graph: ids and lengths to probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.tasks.base.graph import Computed, Graph, lengths_up_to
from rnnbench.tasks.sentiment.model import TextClassifier


def graph(model: TextClassifier) -> Graph:
    """Ids ``(B, T)`` int64 and lengths ``(B,)`` int64 -> probabilities ``(B, C)``.

    Args:
        model: A trained model.
    """

    def compute(ids: Tensor, lengths: Tensor) -> tuple[Tensor]:
        return (model(ids, lengths).softmax(1),)

    return Graph(
        module=Computed(model, compute),
        inputs={"ids": ("batch", "time"), "lengths": ("batch",)},
        outputs=("probabilities",),
        example=lambda batch, steps: (
            torch.randint(len(model.encoder), (batch, steps)),
            lengths_up_to(batch, steps),
        ),
        beside={
            "application": model.application,
            "tokenizer": model.encoder.portable(),
            "labels": model.labels.names,
            "max_length": model.max_length,
        },
    )

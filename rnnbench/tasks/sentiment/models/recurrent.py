"""The recurrent classifier."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn import Pooling, WordEmbedding
from rnnbench.nn.pooling import PoolingKind
from rnnbench.tasks.base import Spec
from rnnbench.tasks.sentiment.model import TextClassifier


class RecurrentClassifier(TextClassifier):
    """Embedding, recurrent backbone, pooling over time, softmax over the classes.

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding: Makes the vectors of words from their number.
        pooling: How the outputs become one vector: the last one (of both directions), mean, max, or self-attention.
        dropout: Rate at which the pooled vector is dropped in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        pooling: PoolingKind = "max",
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_embedding = embedding
        self.make_backbone = backbone
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary and these classes."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.backbone = self.make_backbone(self.embedding.size)
        self.pool = Pooling(self.pooling, self.backbone.output_size, self.backbone.causal)
        self.output = nn.Linear(self.pool.output_size, len(self.labels))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `TextClassifier.forward`."""
        hidden, _ = self.backbone(self.embedding(x), lengths)
        return self.output(self.dropout(self.pool(hidden, lengths)))

    def model_name(self) -> str:
        """Direction, cell, depth, width and pooling, such as ``BiLSTM 1x128, max``."""
        return f"{self.backbone.summary()}, {self.pooling}"

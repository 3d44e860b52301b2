"""A recurrent network over the words in their order, which knows no tree."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.nn import Pooling, WordEmbedding
from rnnbench.nn.pooling import PoolingKind
from rnnbench.tasks.base import Spec
from rnnbench.tasks.trees.batch import TreeBatch
from rnnbench.tasks.trees.model import TreeClassifier
from rnnbench.tasks.trees.spans import each_span


class ChainModel(TreeClassifier):
    """Word vectors, a recurrent stack, pooling over time, and a softmax over the classes.

    Every node with a class is a sequence of its own, the words below it: it learns from as much as a network over the
    tree.

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding: Makes the vectors of words from their number.
        pooling: How the outputs become one vector: the last one (of both directions), mean, max, or self-attention.
        dropout: Rate at which the pooled vector is dropped in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    needs_trees = False

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        pooling: PoolingKind = "last",
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.make_embedding = embedding
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for these words and classes."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.backbone = self.make_backbone(self.embedding.size)
        self.pool = Pooling(self.pooling, self.backbone.output_size, self.backbone.causal)
        self.output = nn.Linear(self.pool.output_size, len(self.classes))

    def forward(self, batch: TreeBatch) -> Tensor:
        """See `TreeClassifier.forward`."""
        return self.output(self.dropout(each_span(batch, self.pooled)))

    def pooled(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Words ``(N, T)`` with their lengths ``(N,)`` -> ``(N, O)``."""
        hidden, _ = self.backbone(self.embedding(x), lengths)
        return self.pool(hidden, lengths)

    def model_name(self) -> str:
        """Direction, cell, depth, width and pooling, such as ``BiLSTM 1x128, last``."""
        return f"{self.backbone.summary()}, {self.pooling}"

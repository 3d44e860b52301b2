"""The average of word vectors, which knows neither tree nor order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.nn import Pooling, WordEmbedding
from rnnbench.tasks.base import Spec
from rnnbench.tasks.trees.batch import TreeBatch
from rnnbench.tasks.trees.model import TreeClassifier
from rnnbench.tasks.trees.spans import each_span


class BagOfWordsModel(TreeClassifier):
    """Softmax of the mean of the vectors of the words below a node.

    Args:
        embedding: Makes the vectors of words from their number.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True
    needs_trees = False

    def __init__(
        self,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_embedding = embedding
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for these words and classes."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.pool = Pooling("mean", self.embedding.size)
        self.output = nn.Linear(self.embedding.size, len(self.classes))

    def forward(self, batch: TreeBatch) -> Tensor:
        """See `TreeClassifier.forward`."""
        return self.output(each_span(batch, self.pooled))

    def pooled(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Words ``(N, T)`` with their lengths ``(N,)`` -> their mean vectors ``(N, O)``."""
        return self.pool(self.embedding(x), lengths)

    def flops_per_token(self) -> float | None:
        """One addition for each number of a vector."""
        return float(self.embedding.size)

    def model_name(self) -> str:
        """The width."""
        return f"average of {self.embedding.size}-d vectors"

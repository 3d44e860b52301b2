"""The average of word vectors, a baseline without order."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.nn import Pooling, WordEmbedding
from rnnbench.tasks.base import Spec
from rnnbench.tasks.sentiment.model import TextClassifier


class AverageClassifier(TextClassifier):
    """Softmax of the mean of the word vectors, as in fastText without its n-grams.

    A. Joulin, E. Grave, P. Bojanowski and T. Mikolov, Bag of Tricks for Efficient Text Classification, EACL 2017.

    Args:
        embedding: Makes the vectors of words from their number.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

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
        """Makes the layers for this vocabulary and these classes."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.pool = Pooling("mean", self.embedding.size)
        self.output = nn.Linear(self.embedding.size, len(self.labels))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `TextClassifier.forward`."""
        return self.output(self.pool(self.embedding(x), lengths))

    def flops_per_token(self) -> float | None:
        """One addition for each number of a vector."""
        return float(self.embedding.size)

    def model_name(self) -> str:
        """The width."""
        return f"average of {self.embedding.size}-d vectors"

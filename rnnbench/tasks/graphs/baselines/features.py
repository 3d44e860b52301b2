"""A network that sees no edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.graphs.heads import Head
from rnnbench.tasks.graphs.layers.messages import FeatureLayer
from rnnbench.tasks.graphs.layers.pooling import MeanPool, Pooling
from rnnbench.tasks.graphs.model import Answers, GraphModel
from rnnbench.tasks.graphs.models.convolution import RATE


class FeatureModel(GraphModel):
    """A multi-layer perceptron on the features of each node, without its edges: what these alone tell.

    Args:
        hidden_size: Width of the layer between.
        dropout: Rate of dropout of features and of the layer between.
        pooling: How the nodes of a graph become one vector, where graphs are asked about.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

    def __init__(
        self,
        hidden_size: Annotated[int, AT_LEAST_1] = 16,
        dropout: Annotated[float, RATE] = 0.5,
        pooling: Callable[[int], Pooling] = MeanPool,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.hidden_size = hidden_size
        self.dropout = dropout
        self.make_pooling = pooling
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = FeatureLayer(spec["features"], self.hidden_size, self.dropout)
        self.drop = nn.Dropout(self.dropout)
        self.head = Head(self.kind, self.hidden_size, len(self.classes), self.make_pooling)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`."""
        return self.drop(torch.relu(self.reader(batch.x)))

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`."""
        return Answers(*self.head(self.nodes(batch), batch))

    def model_name(self) -> str:
        """Width."""
        return f"features without edges, {self.hidden_size} hidden"

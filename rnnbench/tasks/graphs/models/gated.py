"""A gated graph network whose update is any recurrent cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.graphs.heads import Head
from rnnbench.tasks.graphs.layers.messages import Aggregation, FeatureLayer, Messages
from rnnbench.tasks.graphs.layers.pooling import Pooling, SumPool
from rnnbench.tasks.graphs.model import Answers, GraphModel
from rnnbench.tasks.graphs.models.convolution import RATE


class GatedModel(GraphModel):
    """Every node is a recurrent network; its input at each round is what the neighbours said after the one before.

        h_v(0), s_v(0) = cell([E x_v; 0], initial state)
        m_v(t) = sum of w_uv W_k h_u(t - 1) over the edges from u to v, of kind k
        h_v(t), s_v(t) = cell([E x_v; m_v(t)], s_v(t - 1)),  t = 1, ..., rounds

    Y. Li, D. Tarlow, M. Brockschmidt and R. Zemel, Gated Graph Sequence Neural Networks, ICLR 2016, whose cell is a GRU
    with the features as a part of its first state; here the features stand beside the messages, since the state of a
    cell may be anything. Any cell and any stack of cells of the backbone, which steps over all nodes at once.

    Args:
        backbone: Makes the recurrent stack of a node from its input size.
        rounds: How often messages are sent: how far a node sees.
        embedding_size: Width of what is made of the features.
        message_size: Width of the messages.
        aggregation: Whether messages are summed, or their mean is taken.
        dropout: Rate of dropout of the features.
        pooling: How the nodes of a graph become one vector, where graphs are asked about.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        rounds: Annotated[int, AT_LEAST_0] = 4,
        embedding_size: Annotated[int, AT_LEAST_1] = 32,
        message_size: Annotated[int, AT_LEAST_1] = 32,
        aggregation: Aggregation = "sum",
        dropout: Annotated[float, RATE] = 0.0,
        pooling: Callable[[int], Pooling] = SumPool,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone, self.make_pooling = backbone, pooling
        self.rounds = rounds
        self.embedding_size, self.message_size = embedding_size, message_size
        self.aggregation = aggregation
        self.dropout = dropout
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = FeatureLayer(spec["features"], self.embedding_size, self.dropout)
        self.backbone = self.make_backbone(self.embedding_size + self.message_size)
        if not self.backbone.causal:
            raise UserError(
                "rounds of messages have one direction", where="--model.backbone.bidirectional", hint="leave it out"
            )
        size = self.backbone.output_size
        self.messages = Messages(size, self.message_size, len(spec["kinds"]), self.aggregation)
        self.head = Head(self.kind, size, len(self.classes), self.make_pooling)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`."""
        read = self.reader(batch.x)
        heard = read.new_zeros(read.shape[0], self.message_size)
        hidden, state = self.backbone.step(
            torch.cat([read, heard], 1), self.backbone.initial_state(read.shape[0], read)
        )
        for _ in range(self.rounds):
            hidden, state = self.backbone.step(torch.cat([read, self.messages(hidden, batch)], 1), state)
        return hidden

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`."""
        return Answers(*self.head(self.nodes(batch), batch))

    def flops_per_token(self) -> float | None:
        """Of a node: features once, the stack before the first round and in each, what it says in each."""
        each = self.backbone.flops_per_token()
        said = 2 * self.messages.weight.numel()
        return 2 * self.reader.weight.numel() + (self.rounds + 1) * each + self.rounds * said

    def model_name(self) -> str:
        """Stack and rounds."""
        return f"{self.backbone.summary()} on graphs, {self.rounds} rounds"

"""Layers of graph convolutions, as in the papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn
from torch.optim import Optimizer

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import Kind
from rnnbench.ranges import AT_LEAST_1, Range
from rnnbench.tasks.base import Spec
from rnnbench.tasks.graphs.heads import Head
from rnnbench.tasks.graphs.layers.convolutions import GCN, Convolution
from rnnbench.tasks.graphs.layers.messages import apart_from_autocast, drop
from rnnbench.tasks.graphs.layers.pooling import MeanPool, Pooling
from rnnbench.tasks.graphs.model import Answers, GraphModel, check_weights

RATE = Range(least=0, most=1)
Activation = Literal["relu", "elu", "tanh"]
_ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "elu": nn.functional.elu,
    "tanh": torch.tanh,
}
MakeConvolution = Callable[[int, int, bool], Convolution]


class ConvolutionModel(GraphModel):
    """Graph convolutions one after the other, with dropout before each and an activation between them.

    Of nodes the last layer gives the scores themselves; of pairs and graphs a head does.

    Args:
        layer: Makes a layer from its widths and whether it is the last one.
        hidden_size: Width of the layers.
        num_layers: Number of layers: how far a node sees.
        activation: The function between layers.
        dropout: Rate of dropout before each layer.
        pooling: How the nodes of a graph become one vector, where graphs are asked about.
        decay_first_only: Whether weight decay acts on the first layer alone, as T. Kipf's code has it.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    kinds_of_questions: ClassVar[tuple[Kind, ...]] = ("node", "pair", "graph")

    def __init__(
        self,
        layer: MakeConvolution = GCN,
        hidden_size: Annotated[int, AT_LEAST_1] = 16,
        num_layers: Annotated[int, AT_LEAST_1] = 2,
        activation: Activation = "relu",
        dropout: Annotated[float, RATE] = 0.5,
        pooling: Callable[[int], Pooling] = MeanPool,
        decay_first_only: bool = False,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_layer, self.make_pooling = layer, pooling
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.activation = activation
        self.dropout = dropout
        self.decay_first_only = decay_first_only
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        of_nodes = self.kind == "node"
        last = len(self.classes) if of_nodes else self.hidden_size
        widths = [spec["features"], *[self.hidden_size] * (self.num_layers - 1), last]
        self.layers = nn.ModuleList(
            self.make_layer(widths[i], widths[i + 1], of_nodes and i == self.num_layers - 1)
            for i in range(self.num_layers)
        )
        first = self.layers[0]
        if isinstance(first, Convolution) and first.spectral:
            check_weights(spec, type(first).__name__)
        self.head = None if of_nodes else Head(self.kind, last, len(self.classes), self.make_pooling)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`."""
        return convolve(self.layers, batch, self.activation, self.dropout, self.training, self.head is not None)

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`."""
        hidden = self.nodes(batch)
        if self.head is None:
            return Answers(hidden.index_select(0, batch.about[:, 0]))
        return Answers(*self.head(hidden, batch))

    def attention(self, batch: GraphBatch) -> tuple[Tensor, Tensor] | None:
        """See `GraphModel.attention`: that of the first layer, the mean of its heads."""
        first = self.layers[0]
        assert isinstance(first, Convolution)
        found = first.attention(readable(first, batch.x), batch)
        return None if found is None else (found[0], found[1].mean(1))

    def make_optimizer(self, make: OptimizerCallable) -> Optimizer:
        """See `Task.make_optimizer`: weight decay on the first layer alone, if so."""
        if not self.decay_first_only:
            return super().make_optimizer(make)
        first = list(self.layers[0].parameters())
        rest = [one for one in self.parameters() if all(one is not other for other in first)]
        optimizer = make([{"params": first}, {"params": rest}])
        optimizer.param_groups[1]["weight_decay"] = 0.0
        return optimizer

    def model_name(self) -> str:
        """Layer, depth and width."""
        return f"{type(self.layers[0]).__name__} {self.num_layers}x{self.hidden_size}"


def convolve(
    layers: nn.ModuleList, batch: GraphBatch, activation: Activation, dropout: float, training: bool, end_active: bool
) -> Tensor:
    """Layers one after the other.

    Args:
        layers: The layers.
        batch: The graphs.
        activation: The function between them.
        dropout: Rate of dropout before each.
        training: Whether anything is dropped.
        end_active: Whether the function follows the last layer, too.

    Returns:
        ``(N, O)``.
    """
    x = batch.x
    for number, layer in enumerate(layers):
        assert isinstance(layer, Convolution)
        x = apart_from_autocast(layer, drop(readable(layer, x), dropout, training), batch)
        if end_active or number < len(layers) - 1:
            x = _ACTIVATIONS[activation](x)
    return x


def readable(layer: Convolution, x: Tensor) -> Tensor:
    """Features as a layer reads them: not every one reads sparse rows."""
    return x if layer.sparse or x.layout == torch.strided else x.to_dense()

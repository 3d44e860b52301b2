"""Graph auto-encoders: codes of nodes that tell by their products where there are edges."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import Kind
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.graphs.heads import inner_products
from rnnbench.tasks.graphs.layers.all_pairs import all_pairs_loss
from rnnbench.tasks.graphs.layers.convolutions import GCN, Convolution
from rnnbench.tasks.graphs.model import Answers, GraphModel, check_weights
from rnnbench.tasks.graphs.models.convolution import RATE, MakeConvolution, convolve


class AutoEncoderModel(GraphModel):
    """Two convolutions to codes of nodes; the score of an edge is the product of two codes. Plain or variational.

        Z = conv(relu(conv(X)))                       p(edge a, b) = sigmoid(z_a . z_b)
        variational: Z = mean + exp(log s) e          loss + KL(q(Z) || N(0, 1)) / N

    T. Kipf and M. Welling, Variational Graph Auto-Encoders, NIPS Workshop on Bayesian Deep Learning 2016. The loss is
    that of the authors' code, over all pairs of nodes (`all_pairs_loss`). Links are predicted from the means.

    Args:
        layer: Makes a layer from its widths and whether it is the last one.
        hidden_size: Width of the first layer.
        code_size: Width of the codes.
        variational: Whether codes are drawn, and held near to a normal distribution.
        dropout: Rate of dropout before each layer.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    kinds_of_questions: ClassVar[tuple[Kind, ...]] = ("link",)

    def __init__(
        self,
        layer: MakeConvolution = GCN,
        hidden_size: Annotated[int, AT_LEAST_1] = 32,
        code_size: Annotated[int, AT_LEAST_1] = 16,
        variational: bool = False,
        dropout: Annotated[float, RATE] = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_layer = layer
        self.hidden_size, self.code_size = hidden_size, code_size
        self.variational = variational
        self.dropout = dropout
        self.optimizer, self.scheduler = optimizer, scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers; mean and deviation of a code are two halves of what the last one gives."""
        first = self.make_layer(spec["features"], self.hidden_size, False)
        if first.spectral:
            check_weights(spec, type(first).__name__)
        last = self.make_layer(self.hidden_size, self.code_size * (2 if self.variational else 1), True)
        self.layers = nn.ModuleList([first, last])

    def encode(self, batch: GraphBatch) -> tuple[Tensor, Tensor | None]:
        """Means of the codes ``(N, D)``, and the logarithms of their deviations ``(N, D)``."""
        found = convolve(self.layers, batch, "relu", self.dropout, self.training, end_active=False)
        if not self.variational:
            return found, None
        mean, log_deviation = found.chunk(2, 1)
        # As far as numbers of 32 bits go.
        return mean, log_deviation.clamp(max=10)

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`: the means of the codes."""
        return self.encode(batch)[0]

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`."""
        return Answers(inner_products(self.nodes(batch), batch.about))

    def loss(self, batch: GraphBatch) -> Loss | None:
        """See `Task.loss`: of all pairs of nodes, whatever the batch asks."""
        codes, log_deviation = self.encode(batch)
        units = len(codes) ** 2
        if log_deviation is None:
            return Loss(all_pairs_loss(codes, batch.edges), units)
        drawn = codes + log_deviation.exp() * torch.randn_like(codes)
        apart = -0.5 * (1 + 2 * log_deviation - codes.square() - (2 * log_deviation).exp()).sum(1).mean()
        return Loss(all_pairs_loss(drawn, batch.edges), units, apart / len(codes))

    def attention(self, batch: GraphBatch) -> tuple[Tensor, Tensor] | None:
        """See `GraphModel.attention`: that of the first layer."""
        first = self.layers[0]
        assert isinstance(first, Convolution)
        found = first.attention(batch.x if first.sparse else batch.x.to_dense(), batch)
        return None if found is None else (found[0], found[1].mean(1))

    def model_name(self) -> str:
        """Kind and widths."""
        head = "VGAE" if self.variational else "GAE"
        return f"{head} of {type(self.layers[0]).__name__} {self.hidden_size}-{self.code_size}"

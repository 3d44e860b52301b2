"""Graph convolutions of torch_geometric, each made from two widths and whether it is the last one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal

from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1, Range
from rnnbench.tasks.graphs.layers.pyg import layers_of_library

_RATE = Range(least=0, most=1)


class Convolution(nn.Module, ABC):
    """A layer over a graph.

    Args:
        input_size: Width of what it reads.
        output_size: Width of what it gives.
        last: Whether it is the last one of its network.
    """

    sparse: ClassVar[bool] = False
    """Whether it reads features in sparse rows."""
    spectral: ClassVar[bool] = False
    """Whether it is a function of the Laplacian, which takes weights of at least 0."""

    def __init__(self, input_size: int, output_size: int, last: bool) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """``(N, I)`` -> ``(N, O)``."""

    def attention(self, x: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor] | None:
        """Edges ``(2, E')``, those from nodes to themselves, too, and attention ``(E', heads)``; None for none."""
        return None


class GCN(Convolution):
    """Graph convolution: ``D^-1/2 (A + I) D^-1/2 X W + b``, D being the degrees of A + I.

    T. Kipf and M. Welling, Semi-Supervised Classification with Graph Convolutional Networks, ICLR 2017.

    Args:
        input_size: Width of what it reads.
        output_size: Width of what it gives.
        last: Whether it is the last one of its network.
    """

    sparse = True
    spectral = True

    def __init__(self, input_size: int, output_size: int, last: bool) -> None:
        super().__init__(input_size, output_size, last)
        self.layer = layers_of_library("GCN").GCNConv(input_size, output_size)

    def forward(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """See `Convolution.forward`."""
        return self.layer(x, batch.edges, batch.weights)


class GAT(Convolution):
    """Graph attention: a mean of what the neighbours and the node say, weighted by how they go together.

    P. Velickovic et al., Graph Attention Networks, ICLR 2018. Weights of edges are not read. The heads of a layer stand
    side by side; those of the last layer are averaged.

    Args:
        input_size: Width of what it reads.
        output_size: Width of what it gives, a multiple of the heads.
        last: Whether it is the last one of its network.
        heads: Number of heads.
        last_heads: Number of heads of the last layer.
        dropout: Rate at which attention is dropped.
    """

    sparse = True

    def __init__(
        self,
        input_size: int,
        output_size: int,
        last: bool,
        heads: Annotated[int, AT_LEAST_1] = 8,
        last_heads: Annotated[int, AT_LEAST_1] = 1,
        dropout: Annotated[float, _RATE] = 0.6,
    ) -> None:
        super().__init__(input_size, output_size, last)
        if not last and output_size % heads:
            raise UserError(
                f"{output_size} units are not parted among {heads} heads",
                where="--model.hidden_size",
                hint=f"a multiple of {heads}, or other --model.layer.heads",
            )
        make = layers_of_library("GAT").GATConv
        if last:
            self.layer = make(input_size, output_size, last_heads, concat=False, dropout=dropout)
        else:
            self.layer = make(input_size, output_size // heads, heads, dropout=dropout)

    def forward(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """See `Convolution.forward`."""
        return self.layer(x, batch.edges)

    def attention(self, x: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """See `Convolution.attention`."""
        _, (edges, weights) = self.layer(x, batch.edges, return_attention_weights=True)
        return edges, weights


class GraphSAGE(Convolution):
    """``W x_v + U (mean, or maximum, of the neighbours' x) + b``.

    W. Hamilton, R. Ying and J. Leskovec, Inductive Representation Learning on Large Graphs, NeurIPS 2017. Weights of
    edges are not read.

    Args:
        input_size: Width of what it reads.
        output_size: Width of what it gives.
        last: Whether it is the last one of its network.
        neighbours: What becomes of the neighbours' vectors.
    """

    def __init__(
        self, input_size: int, output_size: int, last: bool, neighbours: Literal["mean", "max"] = "mean"
    ) -> None:
        super().__init__(input_size, output_size, last)
        self.layer = layers_of_library("GraphSAGE").SAGEConv(input_size, output_size, aggr=neighbours)

    def forward(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """See `Convolution.forward`."""
        return self.layer(x, batch.edges)


class Chebyshev(Convolution):
    """A spectral filter: Chebyshev polynomials of the scaled Laplacian, up to a degree.

    M. Defferrard, X. Bresson and P. Vandergheynst, Convolutional Neural Networks on Graphs with Fast Localized Spectral
    Filtering, NeurIPS 2016. The Laplacian is the normalised one, whose eigenvalues are taken to be at most 2.

    Args:
        input_size: Width of what it reads.
        output_size: Width of what it gives.
        last: Whether it is the last one of its network.
        terms: Number K of polynomials, from degree 0 on: a node sees what is K - 1 edges away.
    """

    spectral = True

    def __init__(self, input_size: int, output_size: int, last: bool, terms: Annotated[int, AT_LEAST_1] = 3) -> None:
        super().__init__(input_size, output_size, last)
        self.layer = layers_of_library("Chebyshev").ChebConv(input_size, output_size, K=terms)

    def forward(self, x: Tensor, batch: GraphBatch) -> Tensor:
        """See `Convolution.forward`."""
        return self.layer(x, batch.edges, batch.weights, batch.graph)

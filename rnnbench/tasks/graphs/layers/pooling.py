"""From the vectors of a graph's nodes to one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated

import torch
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.graphs.layers.pyg import layers_of_library


class Pooling(nn.Module, ABC):
    """Pools the vectors of each graph.

    Args:
        size: Width H of the vectors.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output_size = size

    @abstractmethod
    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor | None]:
        """``(N, H)`` -> ``(G, output_size)``, and what training adds to the loss, if anything."""


class SumPool(Pooling):
    """The sum of the vectors.

    Args:
        size: Width H of the vectors.
    """

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        return hidden.new_zeros(batch.graphs, hidden.shape[1]).index_add(0, batch.graph, hidden), None


class MeanPool(SumPool):
    """The mean of the vectors.

    Args:
        size: Width H of the vectors.
    """

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        summed, _ = super().forward(hidden, batch)
        count = hidden.new_zeros(batch.graphs).index_add(0, batch.graph, torch.ones_like(hidden[:, 0]))
        return summed / count[:, None], None


class MaxPool(Pooling):
    """The greatest value of each unit.

    Args:
        size: Width H of the vectors.
    """

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        place = batch.graph[:, None].expand_as(hidden)
        least = hidden.new_full((batch.graphs, hidden.shape[1]), float("-inf"))
        return least.scatter_reduce(0, place, hidden, "amax"), None


class SortPool(Pooling):
    """The vectors of the nodes that are greatest in the last unit, one after the other; zeros where there are fewer.

    M. Zhang, Z. Cui, M. Neumann and Y. Chen, An End-to-End Deep Learning Architecture for Graph Classification, AAAI
    2018. A layer of torch_geometric.

    Args:
        size: Width H of the vectors.
        nodes: Number of nodes.
    """

    def __init__(self, size: int, nodes: Annotated[int, AT_LEAST_1] = 10) -> None:
        super().__init__(size)
        self.output_size = nodes * size
        self.layer = layers_of_library("SortPool").aggr.SortAggregation(nodes)

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, None]:
        """See `Pooling.forward`."""
        return self.layer(hidden, batch.graph, dim_size=batch.graphs), None


class DiffPool(Pooling):
    """Nodes are parted softly among clusters, which are the nodes of a smaller graph; its vectors are averaged.

        S = softmax(GNN(X, A)),  X' = S^T GNN(X, A),  A' = S^T A S,  mean over clusters of GNN(X', A')

    R. Ying et al., Hierarchical Graph Representation Learning with Differentiable Pooling, NeurIPS 2018, one level.
    Both of the paper's auxiliary losses, that of links and that of entropy, are added in training. Layers of
    torch_geometric.

    Args:
        size: Width H of the vectors.
        clusters: Number of clusters.
    """

    def __init__(self, size: int, clusters: Annotated[int, AT_LEAST_1] = 8) -> None:
        super().__init__(size)
        library = layers_of_library("DiffPool")
        self.assign = library.DenseSAGEConv(size, clusters)
        self.embed = library.DenseSAGEConv(size, size)
        self.after = library.DenseSAGEConv(size, size)
        self._pool = library.dense_diff_pool

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor | None]:
        """See `Pooling.forward`."""
        x, matrix, mask = dense(hidden, batch)
        pooled, smaller, links, entropy = self._pool(
            torch.relu(self.embed(x, matrix, mask)), matrix, self.assign(x, matrix, mask), mask
        )
        after = torch.relu(self.after(pooled, smaller))
        return after.mean(1), (links + entropy if self.training else None)


def dense(hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Each graph with places for as many nodes as the largest has, N' of them.

    Args:
        hidden: Vectors of nodes ``(N, H)``.
        batch: The graphs.

    Returns:
        Vectors ``(G, N', H)``, weights of edges ``(G, N', N')``, and where there is a node ``(G, N')``.
    """
    count = torch.bincount(batch.graph, minlength=batch.graphs)
    most = int(count.max())
    place = torch.arange(len(hidden), device=hidden.device) - (count.cumsum(0) - count)[batch.graph]
    x = hidden.new_zeros(batch.graphs, most, hidden.shape[1]).index_put((batch.graph, place), hidden)
    mask = torch.zeros(batch.graphs, most, dtype=torch.bool, device=hidden.device)
    mask[batch.graph, place] = True
    source, target = batch.edges
    weights = hidden.new_ones(len(source)) if batch.weights is None else batch.weights.to(hidden.dtype)
    matrix = hidden.new_zeros(batch.graphs, most, most)
    matrix = matrix.index_put((batch.graph[target], place[target], place[source]), weights, accumulate=True)
    return x, matrix, mask

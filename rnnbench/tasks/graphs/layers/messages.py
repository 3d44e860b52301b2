"""What nodes hear from their neighbours, in plain PyTorch."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch, sparse_rows

Aggregation = Literal["sum", "mean"]


def aggregate(sent: Tensor, batch: GraphBatch, how: Aggregation) -> Tensor:
    """Sums what comes over the edges, or takes its mean.

    Args:
        sent: What each edge carries ``(E, M)``.
        batch: The graphs.
        how: Sum or mean; a node without an edge gets zeros.

    Returns:
        What each node gets ``(N, M)``.
    """
    if batch.weights is not None:
        sent = sent * batch.weights[:, None].to(sent.dtype)
    target = batch.edges[1]
    summed = sent.new_zeros(batch.graph.shape[0], sent.shape[1]).index_add(0, target, sent)
    if how == "sum":
        return summed
    count = sent.new_zeros(batch.graph.shape[0]).index_add(0, target, torch.ones_like(sent[:, 0]))
    return summed / count.clamp(min=1)[:, None]


class Messages(nn.Module):
    """What each node hears: ``m_v = sum of w_uv W_k h_u`` over the edges from u to v, k being the kind of the edge.

    Y. Li, D. Tarlow, M. Brockschmidt and R. Zemel, Gated Graph Sequence Neural Networks, ICLR 2016, equation 3.

    Args:
        size: Width H of what nodes say.
        message_size: Width M of what they hear.
        kinds: Number of kinds of edges.
        how: Whether messages are summed, as there, or their mean is taken.
    """

    def __init__(self, size: int, message_size: int, kinds: int, how: Aggregation) -> None:
        super().__init__()
        self.kinds, self.how = kinds, how
        self.weight = nn.Parameter(torch.empty(kinds, message_size, size))
        bound = 1 / math.sqrt(size)
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, hidden: Tensor, batch: GraphBatch) -> Tensor:
        """``(N, H)`` -> ``(N, M)``."""
        said = F.linear(hidden, self.weight.flatten(0, 1))
        source = batch.edges[0]
        if self.kinds > 1:
            said = said.view(-1, self.weight.shape[1])
            source = source * self.kinds if batch.kinds is None else source * self.kinds + batch.kinds
        return aggregate(said.index_select(0, source), batch, self.how)


class FeatureLayer(nn.Linear):
    """A linear map of the features of nodes, whose rows may be sparse; some are dropped in training.

    Args:
        features: Number F of features.
        size: Width of the vectors.
        dropout: Rate of dropout of the features.
    """

    def __init__(self, features: int, size: int, dropout: float) -> None:
        super().__init__(features, size)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F)`` -> ``(N, size)``."""
        return apart_from_autocast(super().forward, drop(x, self.dropout, self.training))


def drop(x: Tensor, rate: float, training: bool) -> Tensor:
    """Dropout of ``(N, F)``; of sparse rows only what is there is drawn for, since a zero dropped is a zero."""
    if not training or rate == 0:
        return x
    if x.layout == torch.strided:
        return F.dropout(x, rate)
    values = F.dropout(x.values(), rate)
    return sparse_rows(x.crow_indices(), x.col_indices(), values, (x.shape[0], x.shape[1]))


def apart_from_autocast(layer: nn.Module | object, x: Tensor, *arguments: object) -> Tensor:
    """Applies a layer; to sparse rows in their own precision, since products of these have no other on a CPU."""
    assert callable(layer)
    if x.layout == torch.strided:
        return layer(x, *arguments)
    with torch.autocast(x.device.type, enabled=False):
        return layer(x, *arguments)

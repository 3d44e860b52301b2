"""From vectors of nodes to answers: one head for each kind of question."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import Kind
from rnnbench.tasks.graphs.layers.pooling import Pooling

_CODE = 16


class Head(nn.Module):
    """Scores of the answers, of vectors of nodes.

        node a:         V h_a + c
        pair a, b:      V [h_a; h_b; h_a h_b] + c
        link a, b:      [0, (U h_a) . (U h_b)]
        graph:          V relu(U pooled + b) + c

    Args:
        kind: What is asked about.
        size: Width H of the vectors.
        classes: Number C of classes.
        pooling: Makes, of its width, what pools the vectors of a graph.
    """

    def __init__(self, kind: Kind, size: int, classes: int, pooling: Callable[[int], Pooling]) -> None:
        super().__init__()
        self.kind = kind
        self.pooling = pooling(size) if kind == "graph" else None
        if self.pooling is not None:
            self.layers: nn.Module = nn.Sequential(
                nn.Linear(self.pooling.output_size, size), nn.ReLU(), nn.Linear(size, classes)
            )
        elif kind == "link":
            self.layers = nn.Linear(size, _CODE, bias=False)
        else:
            self.layers = nn.Linear(3 * size if kind == "pair" else size, classes)

    def forward(self, hidden: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor | None]:
        """Vectors ``(N, H)`` -> scores ``(Q, C)``, and what training adds to the loss, if anything."""
        if self.pooling is not None:
            pooled, penalty = self.pooling(hidden, batch)
            return self.layers(pooled).index_select(0, batch.about[:, 0]), penalty
        if self.kind == "link":
            return inner_products(self.layers(hidden), batch.about), None
        ends = [hidden.index_select(0, nodes) for nodes in batch.about.unbind(1)]
        if self.kind == "pair":
            ends.append(ends[0] * ends[1])
        return self.layers(torch.cat(ends, 1)), None


def inner_products(codes: Tensor, about: Tensor) -> Tensor:
    """Codes ``(N, D)`` and pairs ``(Q, 2)`` -> scores ``(Q, 2)`` of no edge and of an edge."""
    product = (codes.index_select(0, about[:, 0]) * codes.index_select(0, about[:, 1])).sum(1)
    return torch.stack([torch.zeros_like(product), product], 1)

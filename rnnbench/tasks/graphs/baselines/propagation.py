"""Labels spread along edges; features are not looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import Kind
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1, Range
from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.graphs.data import GraphData
from rnnbench.tasks.graphs.layers.messages import aggregate
from rnnbench.tasks.graphs.model import Answers, GraphModel

_SHARE = Range(least=0, most=1)


class PropagationModel(CountingModel[GraphData], GraphModel):
    """Labels of training spread along the edges of one graph.

        F(0) = Y,  F(t) = share D^-1/2 A D^-1/2 F(t - 1) + (1 - share) Y

    D. Zhou, O. Bousquet, T. N. Lal, J. Weston and B. Schoelkopf, Learning with Local and Global Consistency, NIPS 2003.

    Args:
        share: What of a node's scores comes from its neighbours.
        rounds: How often labels spread.
    """

    tables: ClassVar[Sequence[str]] = ("spread",)
    kinds_of_questions: ClassVar[tuple[Kind, ...]] = ("node",)
    spread: Tensor

    def __init__(self, share: Annotated[float, _SHARE] = 0.9, rounds: Annotated[int, AT_LEAST_1] = 50) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.share, self.rounds = share, rounds

    def count_split(self) -> Mapping[str, Tensor]:
        """What reaches each node ``(N, C)`` float64."""
        samples = self.data.splits["train"]
        if len(samples.lengths) > 1:
            raise UserError("labels spread within one graph, and there are several", where="model")
        return {"spread": spread_labels(samples([0], 0), len(self.classes), self.share, self.rounds)}

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`: what reached each node; a node of another graph has nothing."""
        if len(self.spread) == len(batch.graph):
            return self.spread
        return torch.zeros(len(batch.graph), len(self.classes), dtype=torch.float64, device=self.device)

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`: shares of what reached a node; nothing is known of one that nothing reached."""
        scores = self.nodes(batch).index_select(0, batch.about[:, 0])
        return Answers((scores + 1e-9).log())

    def model_name(self) -> str:
        """What it does."""
        return "label propagation"


def spread_labels(batch: GraphBatch, classes: int, share: float, rounds: int) -> Tensor:
    """Labels that spread along edges, see `PropagationModel`.

    Args:
        batch: One graph, with the nodes that are labelled as its questions.
        classes: Number C of classes.
        share: What comes from the neighbours.
        rounds: How often.

    Returns:
        ``(N, C)`` float64.
    """
    labels = torch.zeros(len(batch.graph), classes, dtype=torch.float64)
    labels[batch.about[:, 0], batch.y] = 1
    degree = aggregate(labels.new_ones(batch.edges.shape[1], 1), batch, "sum")
    scale = torch.where(degree > 0, degree, 1.0).rsqrt()
    found = labels
    for _ in range(rounds):
        heard = aggregate((scale * found).index_select(0, batch.edges[0]), batch, "sum")
        found = share * scale * heard + (1 - share) * labels
    return found

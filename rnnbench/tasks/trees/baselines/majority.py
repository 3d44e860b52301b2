"""The most frequent class, the least that a classifier must beat."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.trees.batch import TreeBatch
from rnnbench.tasks.trees.data import TreeData
from rnnbench.tasks.trees.model import TreeClassifier


class MajorityModel(CountingModel[TreeData], TreeClassifier):
    """Gives every root the most frequent class of the roots in training, and every other node that of other nodes."""

    needs_trees = False
    tables = ("of_roots", "of_nodes")
    of_roots: Tensor
    of_nodes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """How often each class occurs at roots, and at nodes below them."""
        trees = self.data.splits["train"]
        batch = trees(list(range(len(trees))), 0)
        roots, size = len(trees), len(self.classes)
        of_roots, of_nodes = (y.bincount(minlength=size) for y in (batch.y[:roots], batch.y[roots:]))
        return {"of_roots": of_roots, "of_nodes": of_nodes if of_nodes.any() else of_roots}

    def forward(self, batch: TreeBatch) -> Tensor:
        """See `TreeClassifier.forward`; before the counting all classes are equal."""
        roots, others = len(batch.ids), len(batch.nodes) - len(batch.ids)
        if not len(self.of_roots):
            return torch.zeros(roots + others, len(self.classes), dtype=torch.float64, device=batch.y.device)
        of_roots, of_nodes = (table.double().log() for table in (self.of_roots, self.of_nodes))
        return torch.cat([of_roots.expand(roots, -1), of_nodes.expand(others, -1)])

    def model_name(self) -> str:
        """The name."""
        return "majority class"

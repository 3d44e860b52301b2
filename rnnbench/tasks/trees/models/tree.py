"""A network over the trees of the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone.trees import TreeBackbone
from rnnbench.data.trees.tree import Tree
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base import Spec
from rnnbench.tasks.trees.batch import TreeBatch
from rnnbench.tasks.trees.data import TreeData
from rnnbench.tasks.trees.model import TreeClassifier


class TreeModel(TreeClassifier):
    """Word vectors, a cell over the tree from the leaves up, and a softmax over the classes at every node.

    Args:
        backbone: Makes the network over trees from its input size.
        embedding: Makes the vectors of words from their number.
        dropout: Rate at which outputs of nodes are dropped before the softmax, in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], TreeBackbone] = TreeBackbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.make_embedding = embedding
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for these words and classes."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.backbone = self.make_backbone(self.embedding.size)
        self.output = nn.Linear(self.backbone.output_size, len(self.classes))

    def forward(self, batch: TreeBatch) -> Tensor:
        """See `TreeClassifier.forward`."""
        outputs = self.backbone(self.embedding(batch.x), batch.forest)
        return self.output(self.dropout(outputs.index_select(0, batch.nodes)))

    def start_from(self, data: TreeData) -> None:
        """Refuses trees for which the cell has no room, besides putting pretrained vectors in place."""
        super().start_from(data)
        if self.needs_trees:
            data.check_arity(self.backbone.cell.arity)

    def on_test_start(self) -> None:
        """Refuses trees for which the cell has no room."""
        if self.needs_trees:
            self.data.check_arity(self.backbone.cell.arity)

    def read(self, row: Mapping[str, Any]) -> Tree:
        """See `TreeClassifier.read`."""
        tree, most = super().read(row), self.backbone.cell.arity
        if self.needs_trees and most is not None and tree.arity() > most:
            raise ValueError(f"a node has {tree.arity()} children, and the cell has room for {most}")
        return tree

    def model_name(self) -> str:
        """Cell, width, and the kind of trees where they are not the data's."""
        kind = self.encoder.reader.trees
        return f"{self.backbone.summary()}{'' if kind == 'given' else f', {kind} trees'}"

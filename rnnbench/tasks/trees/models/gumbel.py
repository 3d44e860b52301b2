"""A network that finds the tree itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from rnnbench.backbone.trees import GumbelTree, TreeBackbone
from rnnbench.data.trees.tree import Tree, merged
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base import Spec
from rnnbench.tasks.trees.batch import TreeBatch
from rnnbench.tasks.trees.models.tree import TreeModel


class GumbelTreeModel(TreeModel):
    """Word vectors, a cell over the tree that the network finds (`GumbelTree`), and a softmax at its root.

    Of the data's trees it sees the words and the class of the root.

    Args:
        backbone: Makes the network over trees from its input size.
        embedding: Makes the vectors of words from their number.
        dropout: Rate at which outputs of nodes are dropped before the softmax, in training.
        temperature: How far what gradients come from is from a choice.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    below_root = False
    needs_trees = False

    def __init__(
        self,
        backbone: Callable[[int], TreeBackbone] = TreeBackbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        dropout: float = 0.0,
        temperature: float = 1.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(backbone, embedding, dropout, optimizer, scheduler)
        self.save_hyperparameters()
        self.temperature = temperature

    def build(self, spec: Spec) -> None:
        """Makes the layers for these words and classes."""
        super().build(spec)
        self.merging = GumbelTree(self.backbone, self.temperature)

    def forward(self, batch: TreeBatch) -> Tensor:
        """Scores ``(B, C)`` of the roots."""
        outputs, _ = self._merge(batch)
        return self.output(self.dropout(outputs))

    def node_scores(self, batch: TreeBatch) -> Tensor:
        """See `TreeClassifier.node_scores`: the same network over trees that are there already."""
        return super().forward(batch)

    def found_trees(self, trees: Sequence[Tree]) -> Sequence[Tree]:
        """The trees that it finds over the same words."""
        _, chosen = self._merge(self.batch_of(trees))
        return [merged(tree.words, _following(row)) for tree, row in zip(trees, chosen.tolist(), strict=True)]

    def flops_per_token(self) -> float | None:
        """None: how many phrases it looks at for a word depends on the length of the sentence."""
        return None

    def model_name(self) -> str:
        """Cell, width, and that it finds trees."""
        return f"{self.backbone.summary()}, its own trees"

    def _merge(self, batch: TreeBatch) -> tuple[Tensor, Tensor]:
        sentences = pad_sequence(batch.words.split(batch.lengths.tolist()), batch_first=True)
        return self.merging(self.embedding(sentences), batch.lengths)


def _following(chosen: Sequence[int]) -> Callable[[int], list[int]]:
    """Chooses as it was chosen before."""
    steps: Iterator[int] = iter(chosen)
    return lambda parts: [next(steps)]

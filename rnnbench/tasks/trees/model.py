"""What every model of this application does: training, exact evaluation, classes of all nodes of a tree."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.trees.read import given_tree
from rnnbench.data.trees.tree import Tree
from rnnbench.examples import Example
from rnnbench.tasks.base import Loss, Measured, Spec, Task, evaluating, exact
from rnnbench.tasks.trees.batch import TreeBatch, join_trees
from rnnbench.tasks.trees.data import TreeData
from rnnbench.tasks.trees.encoder import TreeEncoder
from rnnbench.tasks.trees.metrics import PolarityGroups, TreeScores

# Of trees whose classes are asked for outside of the trainer.
_BUDGET = Budget(max_tokens=4096)


class Judged(NamedTuple):
    """A tree with what a model thinks of it."""

    tree: Tree
    """The tree that the model used: the given one, or the one that it found."""
    probabilities: Tensor
    """``(N, C)`` float64: of the classes of each node."""


class TreeClassifier(Task[TreeData]):
    """A model that gives classes to trees and their nodes. Subclasses write `build` and `forward`."""

    application: ClassVar[str] = "trees"
    monitor = "validation/accuracy"
    monitor_mode: ClassVar[str] = "max"
    below_root: ClassVar[bool] = True
    """Whether it thinks something of nodes below the root, which then are learned and asked for where they have a
    class."""
    needs_trees: ClassVar[bool] = True
    """Whether it makes use of the data's trees, rather than of words alone."""
    encoder: TreeEncoder
    polarity: PolarityGroups

    def __init__(self) -> None:
        super().__init__()
        self.scores = TreeScores()

    @abstractmethod
    def forward(self, batch: TreeBatch) -> Tensor:
        """Scores ``(K, C)`` of the nodes that are asked for, or ``(B, C)`` of the roots where it knows no others."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around words, classes and the way of reading trees."""
        self.encoder = TreeEncoder(spec)
        self.polarity = self.scores.groups = PolarityGroups(spec["labels"], spec["polarity"])
        self.scores.below_root = spec["below_root"] and self.below_root
        super().use_spec(spec)

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.encoder.labels.names

    def asked(self, batch: TreeBatch) -> TreeBatch:
        """A batch that asks for no more than this model knows: all nodes that have a class, or the roots alone."""
        if self.scores.below_root:
            return batch
        roots = slice(len(batch.ids))
        of_nodes = {name: getattr(batch, name)[roots] for name in ("nodes", "y", "tree", "node", "spans")}
        return batch._replace(**of_nodes)

    def loss(self, batch: TreeBatch) -> Loss | None:
        """Cross-entropy of the nodes that are asked for."""
        batch = self.asked(batch)
        return Loss(F.cross_entropy(self(batch), batch.y, reduction="sum"), len(batch.y))

    def evaluate(self, batch: TreeBatch) -> None:
        """See `Task.evaluate`."""
        batch = self.asked(batch)
        self.scores.update(batch.ids, batch.depths, batch.tree, batch.y, self(batch))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, trees = self.scores.compute()
        return Measured(values, f"trees:{trees}|classes:{len(self.classes)}", ("accuracy",))

    def read(self, row: Mapping[str, Any]) -> Tree:
        """The tree of a row that is to be judged, read as in training; any, for a model that makes no use of it.

        Args:
            row: See `rnnbench.data.trees.read.TreeReader.read`.

        Raises:
            ValueError: There is none, or it is none that the model could be given.
        """
        reader = self.encoder.reader
        if not self.needs_trees and given_tree(row) is None:
            reader = dataclasses.replace(reader, trees="right")
        return reader.read(row)

    def found_trees(self, trees: Sequence[Tree]) -> Sequence[Tree]:
        """The trees that the model makes use of: the given ones, unless it finds its own.

        Args:
            trees: The trees.
        """
        return trees

    def node_scores(self, batch: TreeBatch) -> Tensor:
        """Scores ``(K, C)`` of all nodes that are asked for, of trees that the model makes use of."""
        return self(batch)

    def judge(self, trees: Sequence[Tree]) -> list[Judged]:
        """What the model thinks of every node of trees, outside of the trainer.

        Args:
            trees: The trees; their labels do not matter.
        """
        found: dict[int, Judged] = {}
        batches = evaluation_batches([len(tree.words) for tree in trees], _BUDGET) if trees else []
        with evaluating(self):
            for numbers in batches:
                here = self.found_trees([trees[i] for i in numbers])
                batch = self.batch_of(here)
                given = exact(self.node_scores(batch)).softmax(1).cpu()
                of_tree, node = batch.tree.cpu(), batch.node.cpu()
                for place, number in enumerate(numbers.tolist()):
                    rows = of_tree == place
                    probabilities = torch.empty(len(here[place]), len(self.classes), dtype=torch.float64)
                    probabilities[node[rows]] = given[rows]
                    found[number] = Judged(here[place], probabilities)
        return [found[number] for number in range(len(trees))]

    def batch_of(self, trees: Sequence[Tree]) -> TreeBatch:
        """Trees as a batch that asks for every node, on the model's device."""
        encoded = [self.encoder.encode(tree.labelled([self.classes[0]] * len(tree)), str) for tree in trees]
        return self.transfer_batch_to_device(join_trees(encoded, range(len(trees))), self.device, 0)

    def examples(self) -> list[Example]:
        """See `Task.examples`: trees of the test split, their words coloured, and what is said of them."""
        from rnnbench.tasks.trees.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: records the accuracy by depth and draws some trees."""
        from rnnbench.tasks.trees.show import record_depths, record_trees

        record_depths(self)
        record_trees(self)

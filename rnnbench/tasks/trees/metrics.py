"""How often the class is right: of whole trees, and of all their nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact, exact_device, exact_nats


class _Values(NamedTuple):
    """What is kept of each tree."""

    nats: Tensor
    """Negative log-likelihood of the root's class."""
    right: Tensor
    """Whether the root's class is right."""
    nodes: Tensor
    """Number of nodes with a class, the root among them."""
    nodes_right: Tensor
    polar: Tensor
    """Whether the root is negative or positive."""
    polar_right: Tensor
    polar_nodes: Tensor
    polar_nodes_right: Tensor
    depth: Tensor


class DepthScore(NamedTuple):
    """The accuracy of the trees of one depth."""

    depth: int
    trees: int
    accuracy: float


class PolarityGroups:
    """The classes of two kinds, and which of the two is the likelier.

    Args:
        labels: Names of the classes.
        polarity: Which of them are ``negative`` and ``positive``; None or empty for none.
    """

    def __init__(self, labels: list[str], polarity: Mapping[str, str] | None) -> None:
        of = [None if polarity is None else polarity.get(name) for name in labels]
        self.negative = [i for i, kind in enumerate(of) if kind == "negative"]
        self.positive = [i for i, kind in enumerate(of) if kind == "positive"]

    def __bool__(self) -> bool:
        return bool(self.negative and self.positive)

    @property
    def coarser(self) -> bool:
        """Whether they say less than the classes themselves."""
        return bool(self) and len(self.negative) + len(self.positive) > 2

    def of(self, classes: Tensor) -> Tensor:
        """-1 for classes ``(K,)`` that are negative, 1 for positive ones, 0 for others."""
        kinds = torch.zeros_like(classes)
        for kind, members in ((-1, self.negative), (1, self.positive)):
            for member in members:
                kinds[classes == member] = kind
        return kinds

    def predicted(self, probabilities: Tensor) -> Tensor:
        """-1 or 1 ``(K,)``, by the sums of the probabilities ``(K, C)`` of both kinds."""
        negative, positive = (probabilities[:, members].sum(1) for members in (self.negative, self.positive))
        return torch.where(positive > negative, 1, -1)


class TreeScores(ItemValues):
    """The scores of every tree.

    - ``accuracy``: share of trees whose root is given the right class.
    - ``node_accuracy``: share of nodes that are, of all that have a class.
    - ``binary_accuracy``, ``node_binary_accuracy``: share of those that are negative or positive of which the likelier
      of the two is right, by the summed probabilities of their classes (R. Socher et al., EMNLP 2013, section 5).
    - ``cross_entropy``: of the root, in nats.
    """

    def __init__(self) -> None:
        super().__init__()
        self.groups = PolarityGroups([], None)
        self.below_root = False
        self.by_depth: list[DepthScore] = []

    def update(  # type: ignore[override]
        self, ids: Tensor, depths: Tensor, tree: Tensor, y: Tensor, scores: Tensor
    ) -> None:
        """Enters some trees, of which K nodes are asked for, the B roots first.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a tree that counts for nothing.
            depths: How deep they are ``(B,)``.
            tree: To which of them each node belongs ``(K,)``.
            y: Classes of the nodes ``(K,)``.
            scores: What the model gives them ``(K, C)``: log-probabilities up to a constant.
        """
        device, roots = exact_device(scores.device), len(ids)
        tree, y, scores = tree.to(device), y.to(device), exact(scores)
        right = scores.argmax(1) == y
        if self.groups:
            kinds = self.groups.of(y)
            polar = kinds != 0
            polar_right = polar & (self.groups.predicted(scores.softmax(1)) == kinds)
        else:
            polar = polar_right = torch.zeros_like(right)

        def per_tree(what: Tensor) -> Tensor:
            return scores.new_zeros(roots).index_add(0, tree, what.double())

        values = _Values(
            exact_nats(scores[:roots], y[:roots]),
            right[:roots].double(),
            per_tree(torch.ones_like(right)),
            per_tree(right),
            polar[:roots].double(),
            polar_right[:roots].double(),
            per_tree(polar),
            per_tree(polar_right),
            exact(depths),
        )
        super().update(ids, torch.stack(list(values), 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics, and the number of trees; afterwards `by_depth` has the accuracy of each depth."""
        table = super().compute()
        values = _Values(*table.T)
        self.by_depth = []
        for depth in sorted(set(values.depth.tolist())):
            right = values.right[values.depth == depth]
            self.by_depth.append(DepthScore(int(depth), len(right), _total(right) / len(right)))
        found = {"accuracy": _share(values.right, torch.ones_like(values.right))}
        if self.groups.coarser:
            found["binary_accuracy"] = _share(values.polar_right, values.polar)
        if self.below_root:
            found["node_accuracy"] = _share(values.nodes_right, values.nodes)
            if self.groups.coarser:
                found["node_binary_accuracy"] = _share(values.polar_nodes_right, values.polar_nodes)
        found["cross_entropy"] = _total(values.nats) / len(table)
        return found, len(table)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Accuracy: 1 for a tree whose root is right, of 1."""
        right = _Values(*values.T).right
        return "accuracy", torch.stack([right, torch.ones_like(right)], 1)


def _total(values: Tensor) -> float:
    return math.fsum(values.tolist())


def _share(part: Tensor, whole: Tensor) -> float:
    """A share; not a number where there is nothing to take one of."""
    return _total(part) / _total(whole) if _total(whole) else math.nan

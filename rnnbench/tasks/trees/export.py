"""A model that knows no tree as a graph: the words of a phrase to the probabilities of its classes."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Computed, Graph, lengths_up_to
from rnnbench.tasks.trees.baselines.bag import BagOfWordsModel
from rnnbench.tasks.trees.model import TreeClassifier
from rnnbench.tasks.trees.models.chain import ChainModel


def graph(model: TreeClassifier) -> Graph:
    """Ids ``(B, T)`` of the words below a node and their lengths ``(B,)``, int64 -> probabilities ``(B, C)``.

    Args:
        model: A trained model.

    Raises:
        UserError: It goes through trees.
    """
    if not isinstance(model, ChainModel | BagOfWordsModel):
        raise UserError(
            f"a {type(model).__name__} goes through a tree from the leaves up: each has an order of its own, and no"
            " graph has them all",
            where="rnnbench export",
            hint="those that read the words alone have one: presets trees/builtin_chain and trees/builtin_bag",
        )
    size = len(model.encoder)

    def compute(ids: Tensor, lengths: Tensor) -> tuple[Tensor]:
        return (model.output(model.pooled(ids, lengths)).softmax(1),)

    return Graph(
        module=Computed(model, compute),
        inputs={"ids": ("batch", "time"), "lengths": ("batch",)},
        outputs=("probabilities",),
        example=lambda batch, steps: (torch.randint(size, (batch, steps)), lengths_up_to(batch, steps)),
        beside={
            "application": model.application,
            "words": model.encoder.vocabulary.tokens,
            "lowercase": model.encoder.lowercase,
            "labels": model.classes,
        },
    )

"""Scores of links: how well pairs with an edge are ranked before pairs without one."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.base.ranking import area_under_roc, average_precision


class LinkScores(ItemValues):
    """Of every pair: its score, and whether it has an edge."""

    def update(self, ids: Tensor, scores: Tensor, y: Tensor) -> None:  # type: ignore[override]
        """Enters some pairs.

        Args:
            ids: Their numbers ``(Q,)`` int64; a negative one marks a pair that counts for nothing.
            scores: Their scores ``(Q,)``.
            y: 1 for an edge, 0 for none ``(Q,)``.
        """
        super().update(ids, torch.stack([exact(scores), exact(y)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """``auc`` and ``average_precision``, and the number of pairs."""
        values = super().compute()
        scores, links = values[:, 0], values[:, 1] > 0
        found = {"auc": area_under_roc(scores, links), "average_precision": average_precision(scores, links)}
        return found, len(values)


class Settled(ItemValues):
    """Of every question, whether the states of its graph have settled."""

    def share(self) -> float:
        """The share of those that have."""
        values = self.compute()
        return float(values.mean())

"""Scores of links: how well pairs with an edge are ranked before pairs without one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact


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
        """The metrics of `link_metrics`, and the number of pairs."""
        values = super().compute()
        return link_metrics(values[:, 0], values[:, 1] > 0), len(values)


def link_metrics(scores: Tensor, links: Tensor) -> dict[str, float]:
    """Area under the ROC curve, and average precision; pairs with one score count as ranked at once.

        AUC = share of (link, no link) in which the link has the greater score; equal ones count half
        AP  = sum over thresholds of (recall - recall of the threshold before) * precision

    Args:
        scores: ``(Q,)`` float64.
        links: Whether there is an edge ``(Q,)`` bool; both kinds have to be there.
    """
    order = torch.argsort(scores, descending=True)
    scores, links = scores[order], links[order].long()
    ends = torch.cat([(scores[1:] != scores[:-1]).nonzero()[:, 0], torch.tensor([len(scores) - 1])])
    found = links.cumsum(0)[ends]
    ranked = ends + 1
    new = torch.diff(found, prepend=found.new_zeros(1))
    wrong = ranked - found
    new_wrong = torch.diff(wrong, prepend=wrong.new_zeros(1))
    total, other = int(found[-1]), int(wrong[-1])
    below = other - wrong
    return {
        "auc": math.fsum((new * (below + new_wrong / 2)).tolist()) / (total * other),
        "average_precision": math.fsum((new.double() * found / ranked).tolist()) / total,
    }


class Settled(ItemValues):
    """Of every question, whether the states of its graph have settled."""

    def share(self) -> float:
        """The share of those that have."""
        values = self.compute()
        return float(values.mean())

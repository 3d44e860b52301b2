"""How well what holds is ranked before what does not."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def area_under_roc(scores: Tensor, holds: Tensor) -> float:
    """Share of pairs (one that holds, one that does not) in which the former has the greater score; ties count half.

    Args:
        scores: ``(Q,)`` float64.
        holds: ``(Q,)`` bool; both kinds have to be there.
    """
    found, ranked = _ranked(scores, holds)
    wrong = ranked - found
    below = wrong[-1] - wrong
    won = _new(found) * (below + _new(wrong) / 2)
    return math.fsum(won.tolist()) / (int(found[-1]) * int(wrong[-1]))


def average_precision(scores: Tensor, holds: Tensor) -> float:
    """Sum over thresholds of (recall - recall of the threshold before) * precision; equal scores are ranked at once.

    Args:
        scores: ``(Q,)`` float64.
        holds: ``(Q,)`` bool; something has to hold.
    """
    found, ranked = _ranked(scores, holds)
    return math.fsum((_new(found).double() * found / ranked).tolist()) / int(found[-1])


def _ranked(scores: Tensor, holds: Tensor) -> tuple[Tensor, Tensor]:
    """At every distinct score, from the greatest on: how many hold, and how many there are, with no smaller one."""
    order = torch.argsort(scores, descending=True)
    scores, right = scores[order], holds[order].long()
    ends = torch.cat([scores[1:] != scores[:-1], right.new_ones(1).bool()]).nonzero()[:, 0]
    return right.cumsum(0)[ends], ends + 1


def _new(counts: Tensor) -> Tensor:
    return torch.diff(counts, prepend=counts.new_zeros(1))

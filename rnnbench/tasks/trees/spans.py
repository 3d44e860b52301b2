"""What stands below a node as a sequence of words, for models that know no tree."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rnnbench.tasks.trees.batch import TreeBatch


def each_span(batch: TreeBatch, encode: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """A vector ``(K, O)`` for every node that is asked for, of the words below it.

    They are encoded in groups, of which the longest is less than twice as long as the shortest: nearly all phrases of a
    tree are short, and a few are whole sentences; side by side, most would be padding.

    Args:
        batch: The batch.
        encode: Makes vectors ``(N, O)`` of words ``(N, T)``, 0 past the end, and their lengths ``(N,)``.
    """
    lengths = batch.spans[:, 1] - batch.spans[:, 0]
    group = torch.log2(lengths.double()).floor().long()
    groups = [(group == number).nonzero()[:, 0] for number in torch.unique(group)]
    vectors = torch.cat([encode(_words(batch, rows), lengths[rows]) for rows in groups])
    return vectors[torch.cat(groups).argsort()]


def _words(batch: TreeBatch, rows: Tensor) -> Tensor:
    begin, end = batch.spans[rows].T
    steps = torch.arange(int((end - begin).max()), device=begin.device)
    places = begin[:, None] + steps
    inside = places < end[:, None]
    return torch.where(inside, batch.words[places.clamp(max=len(batch.words) - 1)], 0)

"""How often a left-out token is found, and what it costs, also by its place in the text."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact, exact_nats
from rnnbench.tasks.base.texts import perplexity, sum_texts

NEAR = 8
"""Places from an end that are told apart; the last one stands for all that are as far or farther."""
_AMONG = 5


class OfPlace(NamedTuple):
    """What blanks cost that have so many tokens on one side, 0 to `NEAR` - 1 or more."""

    nats: Tensor
    """Mean negative log-likelihood ``(NEAR,)`` float64; NaN where there is no such blank."""
    tokens: Tensor
    """Their numbers ``(NEAR,)``."""


class ClozeScores(ItemValues):
    """Of every text: what its tokens cost, how many are found, and both again by their distance from each end."""

    def update(self, ids: Tensor, lengths: Tensor, scores: Tensor, y: Tensor) -> None:  # type: ignore[override]
        """Enters some texts, of M tokens in all.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a text that counts for nothing.
            lengths: Tokens of each ``(B,)``.
            scores: Log-probabilities up to a constant, at each token when it is left out ``(M, V)``.
            y: The tokens ``(M,)``.
        """
        nats = exact_nats(scores, y)
        better = ranks(scores, y).to(nats.device)
        lengths = lengths.to(nats.device)
        columns = [sum_texts(one, lengths) for one in (nats, better == 0, better < _AMONG)]
        before = torch.cat([torch.arange(int(length), device=nats.device) for length in lengths])
        after = lengths.repeat_interleave(lengths) - 1 - before
        for distance in (before, after):
            for place in range(NEAR):
                here = distance.clamp(max=NEAR - 1) == place
                columns += [sum_texts(torch.where(here, nats, 0), lengths), sum_texts(here, lengths)]
        super().update(ids, torch.stack([exact(one) for one in [columns[0], lengths, *columns[1:]]], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """``perplexity``, ``accuracy``, ``accuracy_at_5`` and ``nats_per_token``, and the number of tokens."""
        values = super().compute()
        nats, tokens, right, among = (math.fsum(column) for column in values[:, :4].T.tolist())
        per_token = nats / tokens
        found = {"perplexity": perplexity(per_token), "accuracy": right / tokens, "accuracy_at_5": among / tokens}
        return found | {"nats_per_token": per_token}, int(tokens)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Nats of a text, and its tokens."""
        return "nats_per_token", values[:, :2]

    def by_place(self) -> tuple[OfPlace, OfPlace]:
        """What blanks cost by how many tokens stand before them, and after them, of what was computed last."""
        assert self._last is not None, "compute comes first"
        before, after = self._last[1][:, 4:].sum(0).view(2, NEAR, 2).unbind()
        return OfPlace(before[:, 0] / before[:, 1], before[:, 1]), OfPlace(after[:, 0] / after[:, 1], after[:, 1])


def ranks(scores: Tensor, y: Tensor) -> Tensor:
    """How many tokens are more likely than the right one ``(M,)``; of equally likely ones the first in order is taken.

    Args:
        scores: ``(M, V)``.
        y: The right tokens ``(M,)``.
    """
    right = scores.gather(1, y[:, None])
    earlier = torch.arange(scores.shape[1], device=scores.device) < y[:, None]
    return ((scores > right) | ((scores == right) & earlier)).sum(1)

"""Corpus perplexity, computed so that no batch, window or process leaves a trace."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.base.texts import perplexity


class CorpusLikelihood(ItemValues):
    """Total negative log-likelihood of a token stream; its items are windows, by their places in the data set."""

    def update(self, index: Tensor, nats: Tensor, tokens: int) -> None:  # type: ignore[override]
        """Enters one window.

        Args:
            index: Place of the window, ``()`` int64; a negative one marks a window that holds nothing.
            nats: Its negative log-likelihood, ``()``.
            tokens: Number of its targets.
        """
        nats = exact(nats)
        super().update(index.view(1), torch.stack([nats, torch.full_like(nats, tokens)])[None])

    def compute(self) -> tuple[float, int]:  # type: ignore[override]
        """Total nats and total number of tokens."""
        sums = super().compute()
        return math.fsum(sums[:, 0].tolist()), int(sums[:, 1].sum())

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Nats, of tokens."""
        return "nats_per_token", values


def likelihood_metrics(nats: float, tokens: int, characters: int | None) -> dict[str, float]:
    """What language models report, from one total.

    Args:
        nats: Negative log-likelihood of the whole stream, in nats.
        tokens: Number of tokens predicted.
        characters: Number of characters they stand for; None where it is not known.

    Returns:
        ``perplexity`` (per token), ``nats_per_token``, and ``nats_per_character`` and ``bits_per_character`` where the
        number of characters is known.
    """
    per_token = nats / tokens
    metrics = {"perplexity": perplexity(per_token), "nats_per_token": per_token}
    if characters is not None:
        metrics["nats_per_character"] = nats / characters
        metrics["bits_per_character"] = nats / characters / math.log(2)
    return metrics

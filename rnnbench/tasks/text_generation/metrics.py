"""Corpus perplexity, computed so that no batch, window or process leaves a trace."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class CorpusLikelihood(Metric):
    """Total negative log-likelihood of a token stream.

    Every window is entered with its place in the data set. The sums of all windows are kept, gathered from all
    processes and added in float64 in the order of their places, so one process and many agree bit for bit.
    """

    full_state_update = False
    windows: list[Tensor]
    sums: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("windows", [], dist_reduce_fx="cat")
        self.add_state("sums", [], dist_reduce_fx="cat")

    def update(self, index: Tensor, nats: Tensor, tokens: int) -> None:
        """Enters one window.

        Args:
            index: Place of the window, ``()`` int64; a negative one marks a window that holds nothing.
            nats: Its negative log-likelihood, ``()``.
            tokens: Number of its targets.
        """
        # Empty windows are entered too, so that no process has nothing to gather.
        self.windows.append(index.view(1))
        self.sums.append(torch.stack([nats.double(), nats.new_tensor(tokens, dtype=torch.float64)]).view(1, 2))

    def compute(self) -> tuple[float, int]:
        """Total nats and total number of tokens."""
        windows, sums = dim_zero_cat(self.windows), dim_zero_cat(self.sums)
        sums = sums[windows >= 0][torch.argsort(windows[windows >= 0])]
        if len(sums) != len(torch.unique(windows[windows >= 0])):
            raise RuntimeError("a window was entered twice")
        return math.fsum(sums[:, 0].tolist()), int(sums[:, 1].sum())


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
    metrics = {"perplexity": math.exp(per_token) if per_token < 700 else math.inf, "nats_per_token": per_token}
    if characters is not None:
        metrics["nats_per_character"] = nats / characters
        metrics["bits_per_character"] = nats / characters / math.log(2)
    return metrics

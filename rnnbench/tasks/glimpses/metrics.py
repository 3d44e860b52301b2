"""How many scenes are read wrongly."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact


class SceneErrors(ItemValues):
    """Of every scene: the negative log-likelihood of its answers, how many there are, and how many are wrong."""

    def update(self, ids: Tensor, nats: Tensor, wrong: Tensor, answers: Tensor) -> None:  # type: ignore[override]
        """Enters some scenes.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a scene that counts for nothing.
            nats: Negative log-likelihood of all answers of each ``(B,)``.
            wrong: How many of them are wrong ``(B,)``.
            answers: How many there are ``(B,)``.
        """
        super().update(ids, torch.stack([exact(nats), exact(wrong), exact(answers)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics, and the number of scenes.

        ``error``: the share of scenes with a wrong answer or more; ``cross_entropy``: the mean over scenes, in nats;
        ``symbol_error``: the share of answers that are wrong, where scenes have several.
        """
        values = super().compute()
        nats, wrong, answers = values.T
        found = {
            "error": int((wrong > 0).sum()) / len(values),
            "cross_entropy": math.fsum(nats.tolist()) / len(values),
        }
        if int(answers.max()) > 1:
            found["symbol_error"] = int(wrong.sum()) / int(answers.sum())
        return found, len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Error: 1 for a scene with a wrong answer, of 1."""
        wrong = (values[:, 1] > 0).double()
        return "error", torch.stack([wrong, torch.ones_like(wrong)], 1)

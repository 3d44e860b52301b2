"""The kinds of answers: what a network's numbers say, what it loses, and what is right. One class for all of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.long_range.problem import Answers
from rnnbench.tasks.base import exact

LN_2 = 0.6931471805599453


class AnswerKind:
    """What the numbers ``(N, K)`` of a network mean.

    - ``class``: scores of K classes; the loss is the cross-entropy.
    - ``bits``: the logit of each of K bits; the loss is their cross-entropies, summed.
    - ``numbers``: K numbers; the loss is their squared error, summed.

    Args:
        answers: What is asked for.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.size = len(answers.names)

    def losses(self, given: Tensor, y: Tensor) -> Tensor:
        """What each answer loses ``(N,)``.

        Args:
            given: ``(N, K)``.
            y: ``(N,)`` classes, or ``(N, K)`` bits or numbers.
        """
        if self.answers.kind == "class":
            return F.cross_entropy(given, y, reduction="none")
        if self.answers.kind == "bits":
            return F.binary_cross_entropy_with_logits(given, y.to(given.dtype), reduction="none").sum(-1)
        return (given - y.to(given.dtype)).square().sum(-1)

    def wrong(self, given: Tensor, y: Tensor) -> Tensor:
        """How many parts of each answer are wrong ``(N,)``: the class, or bits; of numbers there is no such count."""
        if self.answers.kind == "class":
            return given.argmax(-1) != y
        if self.answers.kind == "bits":
            return ((given > 0) != (y > 0.5)).sum(-1)
        return torch.zeros(len(given), device=given.device)

    def said(self, given: Tensor) -> list[str]:
        """Each answer in words, N of them."""
        if self.answers.kind == "class":
            return [self.answers.names[i] for i in given.argmax(-1).tolist()]
        if self.answers.kind == "bits":
            return ["".join("01"[bit] for bit in row) for row in (given > 0).long().tolist()]
        return [",".join(f"{number:.4g}" for number in row) for row in exact(given).tolist()]

    def wanted(self, y: Tensor) -> list[str]:
        """The right answers in words."""
        if self.answers.kind == "class":
            return [self.answers.names[i] for i in y.tolist()]
        return self.said(y - 0.5) if self.answers.kind == "bits" else self.said(y)

"""Scores over a whole split, sequence by sequence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.long_range.answers import LN_2


class _Sums(NamedTuple):
    """What is kept of each sequence."""

    size: Tensor
    answers: Tensor
    loss: Tensor
    right: Tensor
    wrong_parts: Tensor
    state_right: Tensor


class LengthScore(NamedTuple):
    """The scores of the sequences of one length."""

    length: int
    sequences: int
    values: dict[str, float]


class SequenceScores(ItemValues):
    """The scores of every sequence.

    Args:
        metrics: Names of what is measured.
    """

    def __init__(self, metrics: Sequence[str] = ()) -> None:
        super().__init__()
        self.metrics = list(metrics)
        self.by_length: list[LengthScore] = []

    def update(  # type: ignore[override]
        self,
        ids: Tensor,
        sizes: Tensor,
        asked: Tensor,
        losses: Tensor,
        wrong: Tensor,
        state_right: Tensor | None = None,
    ) -> None:
        """Enters some sequences, which have N answers.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sequence that counts for nothing.
            sizes: Their lengths ``(B,)``.
            asked: Where there is an answer ``(B, T)``.
            losses: What each answer lost ``(N,)``.
            wrong: Parts of each answer that are wrong ``(N,)``.
            state_right: Whether the state of the automaton was read off rightly ``(N,)``; None where nobody tried.
        """
        count = asked.sum(1)
        row = torch.repeat_interleave(torch.arange(len(ids), device=asked.device), count)

        def summed(values: Tensor) -> Tensor:
            return exact(values).new_zeros(len(ids)).index_add(0, row.to(exact(values).device), exact(values))

        rows = [exact(sizes), exact(count), summed(losses), summed(wrong == 0), summed(wrong)]
        rows.append(summed(state_right) if state_right is not None else torch.zeros_like(rows[0]))
        super().update(ids, torch.stack(rows, 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics, and the number of sequences; afterwards `by_length` has those of each length."""
        values = super().compute()
        sums = _Sums(*values.T)
        self.by_length = []
        for length in sorted(set(sums.size.tolist())):
            part = _Sums(*values[sums.size == length].T)
            self.by_length.append(LengthScore(int(length), len(part.size), self._measured(part)))
        return self._measured(sums), len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """What each sequence adds to the leading metric."""
        sums, one = _Sums(*values.T), torch.ones(len(values), dtype=values.dtype, device=values.device)
        if "mse" in self.metrics:
            return "mse", torch.stack([sums.loss, sums.answers], 1)
        if "bits_per_sequence" in self.metrics:
            return "bits_per_sequence", torch.stack([sums.loss / LN_2, one], 1)
        if "accuracy" in self.metrics:
            return "accuracy", torch.stack([sums.right / sums.answers, one], 1)
        return "cross_entropy", torch.stack([sums.loss, sums.answers], 1)

    def _measured(self, sums: _Sums) -> dict[str, float]:
        found = sequence_metrics(sums)
        return {name: found[name] for name in self.metrics}


def sequence_metrics(sums: _Sums) -> dict[str, float]:
    """Everything that can be said of N sequences.

    ``mse``: the mean of the squared errors of all answers. ``cross_entropy``: the mean over all answers, in nats.
    ``accuracy``: the share of a sequence's answers that are right, its mean over the sequences. ``sequence_accuracy``:
    the share of sequences without a wrong answer. ``bits_per_sequence``: the mean of the cross-entropies of all answers
    of a sequence, in bits; ``wrong_bits``: how many of its bits are wrong (A. Graves, G. Wayne and I. Danihelka, Neural
    Turing Machines, 2014). ``state_accuracy`` is as accuracy, of the states that a probe reads off.

    Args:
        sums: Of N sequences, each ``(N,)``.
    """

    def total(values: Tensor) -> float:
        return math.fsum(values.tolist())

    count, answers = len(sums.size), total(sums.answers)
    loss = total(sums.loss)
    return {
        "mse": loss / answers,
        "bits_per_sequence": loss / LN_2 / count,
        "accuracy": total(sums.right / sums.answers) / count,
        "cross_entropy": loss / answers,
        "sequence_accuracy": total((sums.right == sums.answers).double()) / count,
        "wrong_bits": total(sums.wrong_parts) / count,
        "state_accuracy": total(sums.state_right / sums.answers) / count,
    }

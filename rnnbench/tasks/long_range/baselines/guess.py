"""Answers that look at no sequence: the mean, or the most frequent class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from rnnbench.data.batches.bucket import evaluation_batches
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.long_range.data import LongRangeData
from rnnbench.tasks.long_range.model import LongRangeModel

By = Literal["all", "step"]


class GuessingModel(CountingModel[LongRangeData], LongRangeModel):
    """The mean of the answers of the training split; of classes and bits, their frequencies, each counted once more.

    On the adding problem that is the mean squared error of 1/6; on copying memory, step by step, the cross-entropy of
    10 ln 8 / (T + 20).

    Args:
        by: Whether one guess is made for all answers, or one for each step, counted from the end of the sequence.
    """

    tables: ClassVar[Sequence[str]] = ("sums", "counts")
    sums: Tensor
    counts: Tensor

    def __init__(self, by: By = "all") -> None:
        super().__init__()
        self.save_hyperparameters()
        if by not in get_args(By):
            raise UserError(f"there is no way {by!r}", where="--model.by", hint=did_you_mean(by, get_args(By)))
        self.by = by

    def count_split(self) -> Mapping[str, Tensor]:
        """Sums of the answers ``(1 + T, K)`` and their numbers ``(1 + T,)``: of all, and of each step from the end."""
        data = self.data
        sequences = data.splits["train"]
        steps = int(sequences.lengths.max()) if self.by == "step" else 0
        sums = torch.zeros(1 + steps, self.answers.size, dtype=torch.float64)
        counts = torch.zeros(1 + steps, dtype=torch.float64)
        for numbers in evaluation_batches(sequences.lengths, data.budget):
            batch = sequences(numbers.tolist(), 0)
            values = batch.y.double()
            if self.answers.answers.kind == "class":
                values = torch.nn.functional.one_hot(batch.y, self.answers.size).double()
            rows = self._rows(batch.lengths, batch.asked, 1 + steps)
            for place in (torch.zeros_like(rows), rows) if steps else (rows,):
                sums.index_add_(0, place, values)
                counts.index_add_(0, place, torch.ones(len(place), dtype=torch.float64))
        return {"sums": sums, "counts": counts}

    def forward(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """See `LongRangeModel.forward`."""
        if not len(self.counts):
            return torch.zeros(int(asked.sum()), self.answers.size, dtype=torch.float64, device=self.device)
        rows = self._rows(lengths, asked, len(self.counts))
        # A step that training did not ask at has the guess of all.
        rows = torch.where(self.counts[rows] > 0, rows, 0)
        sums, counts = self.sums[rows], self.counts[rows, None]
        if self.answers.answers.kind == "numbers":
            return sums / counts
        if self.answers.answers.kind == "bits":
            return ((sums + 1) / (counts - sums + 1)).log()
        return (sums + 1).log()

    def model_name(self) -> str:
        """What is guessed."""
        what = "mean" if self.answers.answers.kind == "numbers" else "frequencies"
        return what if self.by == "all" else f"{what} of each step"

    def _rows(self, lengths: Tensor, asked: Tensor, rows: int) -> Tensor:
        """For each answer, the row of the tables."""
        sequence, step = asked.nonzero(as_tuple=True)
        if self.by == "all":
            return torch.zeros_like(step)
        from_end = lengths.to(step.device)[sequence] - step
        return torch.where(from_end < rows, from_end, 0)

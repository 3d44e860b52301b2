"""The most frequent answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.data import QuestionData
from rnnbench.tasks.question_answering.model import Answered, QuestionModel


class FrequentAnswer(CountingModel[QuestionData], QuestionModel):
    """Gives every question the most frequent answer of its task, with the frequencies as probabilities.

    Of a task that training does not have, it is the most frequent answer of all.
    """

    tables: ClassVar[Sequence[str]] = ("counts",)
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """How often each task has each answer ``(tasks + 1, A)``; the last row counts all."""
        train = self.data.splits["train"]
        places = torch.from_numpy(train.tasks * len(self.answers) + train.answers)
        size = len(self.tasks) * len(self.answers)
        counts = places.bincount(minlength=size).view(len(self.tasks), len(self.answers))
        return {"counts": torch.cat([counts, counts.sum(0, keepdim=True)])}

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`; every answer is counted once more. Before the counting all are equal."""
        if not len(self.counts):
            return Answered(torch.zeros(len(batch.y), len(self.answers), dtype=torch.float64, device=batch.y.device))
        # A task that training does not have is -1: the last row.
        return Answered((self.counts[batch.task].double() + 1).log())

    def model_name(self) -> str:
        """The name."""
        return "most frequent answer"

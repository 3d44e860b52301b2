"""All words of the story as one bag, a baseline without order."""

from __future__ import annotations

from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn

from rnnbench.nn.bags import Bags
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Spec
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.model import Answered, QuestionModel


class BagOfWords(QuestionModel):
    """Two layers over how often each word is in the story, and in the question.

        scores = V relu(A x + B q + b) + c

    Args:
        hidden_size: Width of the layer between.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    baseline = True

    def __init__(
        self,
        hidden_size: Annotated[int, AT_LEAST_1] = 64,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.hidden_size = hidden_size
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.words = nn.Parameter(torch.randn(len(self.encoder), 2 * self.hidden_size) * 0.1)
        self.bias = nn.Parameter(torch.zeros(self.hidden_size))
        self.output = nn.Linear(self.hidden_size, len(self.answers))

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`."""
        rows = batch.words.flatten().index_select(0, batch.places)
        sentences = Bags.of(rows, batch.counts, len(self.words)).sum(self.words)
        told, asked = sentences.chunk(2, 1)
        story = (told[batch.story] * batch.valid[..., None]).sum(1)
        return Answered(self.output(torch.relu(story + asked[batch.question] + self.bias)))

    def flops_per_token(self) -> float | None:
        """One addition for each number of a vector."""
        return float(self.hidden_size)

    def model_name(self) -> str:
        """The width."""
        return f"bag of words, {self.hidden_size} hidden"

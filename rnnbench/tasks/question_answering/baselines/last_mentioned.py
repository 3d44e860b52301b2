"""The answer that the story mentioned last."""

from __future__ import annotations

import torch

from rnnbench.data.text.vocabulary import UNKNOWN
from rnnbench.tasks.base import Spec
from rnnbench.tasks.question_answering.baselines.frequent import FrequentAnswer
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.model import Answered


class LastMentioned(FrequentAnswer):
    """Gives the word that the story has last of those that are answers of the task; else the most frequent answer."""

    answer_of: torch.Tensor

    def build(self, spec: Spec) -> None:
        """Looks up which words are answers."""
        super().build(spec)
        numbers = {token: number for number, token in enumerate(self.encoder.tokens) if token != UNKNOWN}
        words = [numbers.get(answer.lower(), -1) for answer in self.answers]
        answer_of = torch.full((len(self.encoder),), -1)
        for answer, word in enumerate(words):
            if word >= 0:
                answer_of[word] = answer
        self.register_buffer("answer_of", answer_of, persistent=False)

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`."""
        scores = super().forward(batch).scores
        if not len(self.counts):
            return Answered(scores)
        # (B, S, W): the answer that each word is, of those that the task has in training.
        found = self.answer_of[batch.words][batch.story]
        known = (self.counts > 0)[batch.task]
        asked = known.gather(1, found.clamp(min=0).flatten(1)).view(found.shape)
        inside = torch.arange(found.shape[2], device=found.device) < batch.counts[batch.story][..., None]
        there = (asked & (found >= 0) & inside & batch.valid[..., None]).flatten(1)
        places = torch.arange(there.shape[1], device=there.device)
        last = torch.where(there, places, -1).amax(1)
        answer = found.flatten(1).gather(1, last.clamp(min=0)[:, None]).clamp(min=0)
        # Twice the total: whatever the frequencies, it is the most likely.
        most = (2 * self.counts.sum().double() + 1).log()
        told = scores.scatter(1, answer, most.expand(len(scores), 1))
        return Answered(torch.where((last >= 0)[:, None], told, scores))

    def model_name(self) -> str:
        """The name."""
        return "last mentioned answer"

"""The memory network that is told which sentences matter."""

from __future__ import annotations

from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.nn.bags import Bags
from rnnbench.ranges import AT_LEAST_1, POSITIVE
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.data import QuestionData
from rnnbench.tasks.question_answering.model import Answered, QuestionModel

_DEVIATION = 0.1


class SupervisedMemory(QuestionModel):
    """Chooses one supporting sentence after the other, each hard, and is told in training which ones are right.

        o(1) = argmax_i  q . m_i,   o(2) = argmax_i  (q + c_o(1)) . m_i,   ...,   answer = argmax_a (q + ...) . w_a

    with sums of word vectors ``q``, ``m_i`` and ``c_i``, of a table each, a vector for the age of a sentence in ``m_i``
    and ``c_i``, and one more memory that says that there are enough. Every choice has a margin loss,
    ``sum over wrong ones of max(0, margin - score of the right one + score of the wrong one)``, given the right choices
    before it. J. Weston, S. Chopra and A. Bordes, Memory Networks, ICLR 2015; the number of sentences is found as in
    Weston et al., Towards AI-Complete Question Answering, 2015.

    Args:
        hops: Most sentences that are chosen.
        size: Width of all vectors.
        memory: Only so many sentences are looked at, the latest ones.
        margin: The margin.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    def __init__(
        self,
        hops: Annotated[int, AT_LEAST_1] = 3,
        size: Annotated[int, AT_LEAST_1] = 50,
        memory: Annotated[int, AT_LEAST_1] = 50,
        margin: Annotated[float, POSITIVE] = 0.1,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.hops = hops
        self.size = size
        self.memory = memory
        self.margin = margin
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes tables of vectors, all of N(0, 0.1^2): of questions, of what is compared and of what is remembered."""
        self.words = nn.Parameter(torch.randn(len(self.encoder), 3 * self.size) * _DEVIATION)
        self.times = nn.Parameter(torch.randn(self.memory, 2 * self.size) * _DEVIATION)
        self.enough = nn.Parameter(torch.randn(self.size) * _DEVIATION)
        self.output = nn.Parameter(torch.randn(len(self.answers), self.size) * _DEVIATION)

    def start_from(self, data: QuestionData) -> None:
        """Refuses data that do not say which sentences matter.

        Raises:
            UserError: No question of the training split has a supporting sentence.
        """
        super().start_from(data)
        if "train" in data.splits and not len(data.splits["train"].supporting.values):
            raise UserError(
                "no question has supporting sentences, which this model learns from",
                where=data.dataset,
                hint="bring a column supporting, or take EndToEndMemory, which needs none",
            )

    def loss(self, batch: StoryBatch) -> Loss:
        """The margins of all choices and of the answer."""
        state, keys, values, valid = self._memories(batch)
        enough = keys.shape[1] - 1
        wanted = batch.supporting[:, : self.hops]
        reachable = (wanted < 0) | valid.gather(1, wanted.clamp(min=0))
        # A sentence that is too old to be looked at ends the choices, too.
        reachable = reachable.long().cumprod(1).bool()
        wanted = torch.where(reachable & (wanted >= 0), wanted, enough)
        told = (batch.supporting >= 0).any(1)
        total = state.new_zeros(())
        going = told
        for hop in range(min(self.hops, wanted.shape[1] + 1)):
            right = wanted[:, hop] if hop < wanted.shape[1] else torch.full_like(wanted[:, 0], enough)
            total = total + (self._margins(self._compare(state, keys, valid), right) * going).sum()
            going = going & (right != enough)
            state = state + _row(values, right) * going[:, None]
        total = total + self._margins(state @ self.output.T, batch.y).sum()
        return Loss(total, len(batch.y))

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`; the looks are whole: a hop that finds that there are enough looks nowhere."""
        state, keys, values, valid = self._memories(batch)
        enough = keys.shape[1] - 1
        going = torch.ones_like(batch.sizes, dtype=torch.bool)
        chosen_before = torch.zeros_like(valid)
        looks = []
        for _ in range(self.hops):
            scores = self._compare(state, keys, valid & ~chosen_before)
            chosen = scores.argmax(1)
            going = going & (chosen != enough)
            state = state + _row(values, chosen) * going[:, None]
            here = torch.zeros_like(scores).scatter(1, chosen[:, None], 1.0)[:, :enough] * going[:, None]
            chosen_before = chosen_before | torch.cat([here > 0, torch.zeros_like(valid[:, :1])], 1)
            looks.append(here)
        return Answered(state @ self.output.T, torch.stack(looks, 1))

    def flops_per_token(self) -> float | None:
        """None: what is computed depends on how many sentences are alike."""
        return None

    def model_name(self) -> str:
        """Most sentences and width."""
        return f"MemNN, told the sentences, {self.hops} hops x {self.size}"

    def _memories(self, batch: StoryBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is asked and what is told.

        Returns:
            Questions ``(B, D)``; keys, then values of all sentences and of that which says enough ``(B, S + 1, D)``;
            and which of them there are ``(B, S + 1)``.
        """
        rows = batch.words.flatten().index_select(0, batch.places)
        sentences = Bags.of(rows, batch.counts, len(self.words)).sum(self.words)
        ages = batch.sizes[:, None] - 1 - torch.arange(batch.story.shape[1], device=batch.story.device)
        valid = (ages >= 0) & (ages < self.memory)
        asked, told = sentences.split([self.size, 2 * self.size], 1)
        slots = told[batch.story] + self.times[ages.clamp(0, self.memory - 1)]
        keys, values = slots.chunk(2, 2)
        last = self.enough.expand(keys.shape[0], 1, -1)
        everywhere = torch.ones_like(valid[:, :1])
        return (
            asked[batch.question],
            torch.cat([keys, last], 1),
            torch.cat([values, torch.zeros_like(last)], 1),
            torch.cat([valid, everywhere], 1),
        )

    def _compare(self, state: Tensor, keys: Tensor, valid: Tensor) -> Tensor:
        """Scores of the memories ``(B, S + 1)``."""
        return (keys * state[:, None]).sum(-1).masked_fill(~valid, -torch.inf)

    def _margins(self, scores: Tensor, right: Tensor) -> Tensor:
        """The margin loss of each row ``(B,)``."""
        missed = (self.margin - scores.gather(1, right[:, None]) + scores).clamp(min=0)
        return missed.scatter(1, right[:, None], 0.0).sum(1)


def _row(values: Tensor, chosen: Tensor) -> Tensor:
    """Of each ``(S + 1, D)`` one row."""
    return values.gather(1, chosen[:, None, None].expand(-1, 1, values.shape[2]))[:, 0]

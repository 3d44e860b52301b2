"""What every model of this application does: training, exact evaluation, scores by length."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.long_range.batch import LongRangeBatch
from rnnbench.data.long_range.problem import Answers, Inputs
from rnnbench.examples import Example
from rnnbench.tasks.base import Loss, Measured, Spec, Task, exact
from rnnbench.tasks.long_range.answers import AnswerKind
from rnnbench.tasks.long_range.data import LongRangeData
from rnnbench.tasks.long_range.metrics import SequenceScores


class LongRangeModel(Task[LongRangeData]):
    """A model that answers at some steps of a sequence. Subclasses write `build` and `forward`."""

    application: ClassVar[str] = "long_range"
    monitor = "validation/cross_entropy"
    inputs: Inputs
    answers: AnswerKind
    automaton: Automaton | None

    def __init__(self) -> None:
        super().__init__()
        self.scores = SequenceScores()

    @abstractmethod
    def forward(self, x: Tensor, lengths: Tensor, asked: Tensor) -> Tensor:
        """Answers to sequences.

        Args:
            x: ``(B, T)`` symbols, or ``(B, T, F)`` numbers.
            lengths: ``(B,)``.
            asked: Where there is an answer ``(B, T)``, N times in all.

        Returns:
            ``(N, K)``, see `AnswerKind`.
        """

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around what stands at a step and what is asked there."""
        self.inputs = Inputs(tuple(spec["inputs"]["symbols"]), spec["inputs"]["numbers"])
        asked = spec["answers"]
        self.answers = AnswerKind(Answers(asked["kind"], tuple(asked["names"]), asked["last"]))
        self.automaton = None if spec["automaton"] is None else Automaton.from_plain(spec["automaton"])
        self.scores.metrics = list(spec["metrics"])
        if asked["kind"] == "numbers":
            self.monitor = "validation/mse"
        super().use_spec(spec)

    def loss(self, batch: LongRangeBatch) -> Loss | None:
        """The mean over all answers."""
        given = self(batch.x, batch.lengths, batch.asked)
        return Loss(self.answers.losses(given, batch.y).sum(), len(batch.y))

    def evaluate(self, batch: LongRangeBatch) -> None:
        """See `Task.evaluate`."""
        given = exact(self(batch.x, batch.lengths, batch.asked))
        self.enter(batch, given)

    def enter(self, batch: LongRangeBatch, given: Tensor, state_right: Tensor | None = None) -> None:
        """Enters the answers to a batch.

        Args:
            batch: The batch.
            given: ``(N, K)`` float64.
            state_right: See `SequenceScores.update`.
        """
        y = batch.y.to(given.device)
        losses, wrong = self.answers.losses(given, y), self.answers.wrong(given, y)
        self.scores.update(batch.ids, batch.sizes, batch.asked, losses, wrong, state_right)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, sequences = self.scores.compute()
        lengths = [score.length for score in self.scores.by_length]
        span = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]}-{lengths[-1]}/{len(lengths)}"
        return Measured(values, f"sequences:{sequences}|lengths:{span}", list(values)[:1])

    def examples(self) -> list[Example]:
        """See `Task.examples`: sequences of the shortest and the longest test length."""
        from rnnbench.tasks.long_range.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: records the scores of each length, as a table and as a picture."""
        from rnnbench.tasks.long_range.show import record_lengths

        record_lengths(self)

    def answer(self, x: Tensor) -> list[str]:
        """Answers in words to one sequence, at every step.

        Args:
            x: ``(T,)`` symbols, or ``(T, F)`` numbers.
        """
        steps = len(x)
        asked = torch.ones(1, steps, dtype=torch.bool, device=self.device)
        lengths = torch.tensor([steps], device=self.device)
        return self.answers.said(self(x[None].to(self.device), lengths, asked))

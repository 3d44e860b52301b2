"""What every model of this application does: training, exact evaluation, scores by task."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.stories.question import Question
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.examples import Example
from rnnbench.tasks.base import Loss, Measured, Spec, Task, evaluating, exact, exact_nats
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.data import QuestionData, encode
from rnnbench.tasks.question_answering.metrics import QuestionScores

# Of questions that are asked outside of the trainer.
_BUDGET = Budget(batch_size=64)


class Answered(NamedTuple):
    """What a model makes of a batch of B questions."""

    scores: Tensor
    """``(B, A)``: log-probabilities of the answers, up to a constant."""
    looks: Tensor | None = None
    """``(B, K, S)``: how much each of K hops looks at each sentence, zero past the end; None for a model that does not
    look at sentences."""


class Answer(NamedTuple):
    """The answer to one question."""

    text: str
    probability: float
    looks: list[list[float]]
    """For each hop, how much it looks at each sentence of the story."""


class QuestionModel(Task[QuestionData]):
    """A model that answers questions. Subclasses write `build` and `forward`."""

    application: ClassVar[str] = "question_answering"
    monitor = "validation/mean_error"
    encoder: TextEncoder
    answers: list[str]
    tasks: list[str]
    parted = False
    """Whether each task has weights of its own, so that it has to be known of which one a question is."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = QuestionScores()

    @abstractmethod
    def forward(self, batch: StoryBatch) -> Answered:
        """Answers a batch of questions."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around vocabulary, answers and tasks."""
        self.encoder = TextEncoder.from_state(spec["encoder"])
        self.answers, self.tasks = spec["answers"], spec["tasks"]
        self.scores.tasks = self.tasks
        super().use_spec(spec)

    def loss(self, batch: StoryBatch) -> Loss | None:
        """Cross-entropy of the answers."""
        return Loss(F.cross_entropy(self(batch).scores, batch.y, reduction="sum"), len(batch.y))

    def evaluate(self, batch: StoryBatch) -> None:
        """See `Task.evaluate`."""
        scores, looks = self(batch)
        known = batch.y >= 0
        nats = exact_nats(scores, batch.y.clamp(min=0)).masked_fill(~known, torch.nan)
        right = scores.argmax(1) == batch.y
        self.scores.update(batch.ids, batch.task, right, nats, batch.supporting, looks)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, questions = self.scores.compute()
        return Measured(values, f"questions:{questions}|tasks:{len(self.scores.by_task)}", ("mean_error",))

    def on_validation_epoch_end(self) -> None:
        """Records the scores of each task as a table, where validation is what was asked for."""
        super().on_validation_epoch_end()
        if self.trainer.state.fn == "validate" and self.trainer.is_global_zero:
            from rnnbench.tasks.question_answering.show import VALIDATION_TABLE, write_table

            write_table(Path(self.trainer.default_root_dir) / VALIDATION_TABLE, self.scores.by_task)

    def draw_test(self) -> None:
        """See `Task.draw_test`: records the scores of each task, as a table and as pictures."""
        from rnnbench.tasks.question_answering.show import record_tasks

        record_tasks(self)

    def examples(self) -> list[Example]:
        """See `Task.examples`: questions of each task in turn."""
        from rnnbench.tasks.question_answering.show import examples_of

        return examples_of(self)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answers questions; what stands in them as an answer does not matter."""
        found: dict[int, Answer] = {}
        stories = encode(questions, self.encoder, self.answers, self.tasks)
        with evaluating(self):
            for numbers in evaluation_batches(stories.lengths, _BUDGET) if questions else []:
                batch = stories(numbers.tolist(), 0)
                scores, looks = self(self.transfer_batch_to_device(batch, self.device, 0))
                chosen = exact(scores).softmax(1).max(1)
                for row, number in enumerate(numbers.tolist()):
                    size = int(batch.sizes[row])
                    looked = [] if looks is None else exact(looks[row, :, :size]).tolist()
                    text = self.answers[int(chosen.indices[row])]
                    found[number] = Answer(text, float(chosen.values[row]), looked)
        return [found[number] for number in range(len(questions))]

"""Questions about stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated

import numpy as np

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Source, Split
from rnnbench.data.stories.question import Question, question_of
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import Labels
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.question_answering.batch import NOT_IN_TRAINING, Ints, Ragged, Stories
from rnnbench.tasks.question_answering.reading import bare

# Of the questions of a task that are kept by `questions`, one in so many is for validation.
_HELD_OUT = 10


class QuestionData(BucketedData[Stories]):
    """Stories with questions, in batches of stories with about as many sentences.

    Rows have a ``story`` (sentences), a ``question``, an ``answer``, perhaps a ``task`` and the numbers of
    ``supporting`` sentences, from 0. Vocabulary, tasks and answers are those of the training split.

    Args:
        source: Where they come from: `rnnbench.data.Babi`, `rnnbench.data.Files`, `rnnbench.data.GeneratedStories`.
        tasks: Only these tasks, such as ``[1, 2]``; one of them is per-task training. Null for all together.
        questions: Only the first so many questions of each task, nine tenths for training and a tenth for validation,
            such as 1000 for the small setting of bAbI. What the data have for validation is then not read.
        batch_size: Questions of a batch of one process.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{story: context}``.
    """

    source: Source

    def __init__(
        self,
        source: Source,
        tasks: Sequence[str | int] | None = None,
        questions: Annotated[int, AT_LEAST_1] | None = None,
        batch_size: int = 64,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(batch_size=batch_size), num_workers)
        self.tasks = None if tasks is None else [str(task) for task in tasks]
        self.questions = questions
        self.columns = columns
        self.encoder: TextEncoder | None = None
        self.answers: Labels | None = None
        self.known_tasks: list[str] = []
        self.originals: dict[Split, list[Question]] = {}

    @property
    def spec(self) -> Spec:
        """Vocabulary, answers and tasks."""
        assert self.encoder is not None, "setup comes first"
        assert self.answers is not None, "setup comes first"
        return {
            "encoder": self.encoder.state(),
            "answers": self.answers.names,
            "tasks": self.known_tasks,
        }

    def details(self) -> dict[str, str | int | float]:
        """Tasks, sizes of vocabulary and splits, share of padding in training."""
        assert self.encoder is not None, "setup comes first"
        assert self.answers is not None, "setup comes first"
        sizes: dict[str, str | int | float] = {
            "tasks": len(self.known_tasks),
            "vocabulary": len(self.encoder),
            "answers": len(self.answers),
        }
        if self.questions is not None:
            sizes["questions_of_a_task"] = self.questions
        return sizes | super().details()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        found = self._questions()
        self.fingerprint = fingerprint({split: [one._asdict() for one in found[split]] for split in SPLITS})
        spec = self.model_spec()
        if spec is None:
            self._train(found["train"])
        else:
            self.encoder, self.answers = TextEncoder.from_state(spec["encoder"]), Labels(spec["answers"])
            self.known_tasks = spec["tasks"]
        assert self.answers is not None
        known = set(self.answers.names)
        for split in wanted:
            self.originals[split] = found[split]
            self.splits[split] = self.encode(found[split])
            for number, one in enumerate(found[split]):
                if one.task in self.known_tasks and one.answer not in known:
                    left_out.add(split, number, "an answer that training does not have: always wrong", "kept")

    def encode(self, questions: Sequence[Question]) -> Stories:
        """Questions as numbers; words, answers and tasks that training does not have are as `StoryBatch` says."""
        assert self.encoder is not None
        assert self.answers is not None
        return encode(questions, self.encoder, self.answers.names, self.known_tasks)

    def _questions(self) -> dict[Split, list[Question]]:
        """The questions of each split that are to be used."""
        read: tuple[Split, ...] = SPLITS if self.questions is None else ("train", "test")
        found: dict[Split, list[Question]] = {}
        for split in read:
            rows = records_of(self.source, split, self.columns)
            questions = [question_of(row, partial(self.source.place, split, i)) for i, row in enumerate(rows)]
            found[split] = self._of_tasks(questions, split)
        if self.questions is not None:
            found["train"], found["validation"] = _first(found["train"], self.questions)
        if not found["validation"]:
            raise UserError("too few to have any for validation", where="--data.questions", hint="at least 10")
        return found

    def _of_tasks(self, questions: list[Question], split: Split) -> list[Question]:
        if self.tasks is None:
            return questions
        there = sorted({one.task for one in questions})
        for task in self.tasks:
            if task not in there:
                raise UserError(
                    f"{split} has no task {task!r}; its tasks: {', '.join(there)}",
                    where="--data.tasks",
                    hint=did_you_mean(task, there),
                )
        return [one for one in questions if one.task in self.tasks]

    def _train(self, questions: Sequence[Question]) -> None:
        """Vocabulary, answers and tasks of the training split."""
        texts = {text: None for one in questions for text in (*one.story, one.question)}
        self.encoder = TextEncoder.train("english", [bare(text) for text in texts], lowercase=True)
        self.answers = Labels.train(one.answer for one in questions)
        if len(self.answers) < 2:
            raise UserError(
                f"all questions of train have one answer, {self.answers.names[0]!r}",
                where=self.dataset,
                hint="there is nothing to learn",
            )
        self.known_tasks = sorted({one.task for one in questions}, key=lambda task: (len(task), task))


def encode(
    questions: Sequence[Question], encoder: TextEncoder, answers: Sequence[str], tasks: Sequence[str]
) -> Stories:
    """Questions as numbers.

    Args:
        questions: The questions.
        encoder: The vocabulary.
        answers: The answers of the training split.
        tasks: Its tasks.
    """
    numbers: dict[tuple[str, str], int] = {}

    def number(task: str, sentence: str) -> int:
        return numbers.setdefault((task, sentence), len(numbers))

    answer_ids = {name: i for i, name in enumerate(answers)}
    task_ids = {name: i for i, name in enumerate(tasks)}
    stories = Ragged.of([[number(one.task, sentence) for sentence in one.story] for one in questions])
    asked = [number(one.task, one.question) for one in questions]
    # A sentence without a word that the encoder sees still is a sentence.
    words = [encoder.encode(bare(text)).tolist() or [encoder.unknown] for _, text in numbers]

    def ids(known: dict[str, int], names: Iterable[str]) -> Ints:
        return np.array([known.get(name, NOT_IN_TRAINING) for name in names], dtype=np.int64)

    return Stories(
        words=Ragged.of(words),
        owners=ids(task_ids, (task for task, _ in numbers)),
        stories=stories,
        questions=np.array(asked, dtype=np.int64),
        answers=ids(answer_ids, (one.answer for one in questions)),
        tasks=ids(task_ids, (one.task for one in questions)),
        supporting=Ragged.of([one.supporting for one in questions]),
    )


def _first(questions: Sequence[Question], most: int) -> tuple[list[Question], list[Question]]:
    """The first questions of each task, for training and for validation."""
    seen: Counter[str] = Counter()
    train, validation = [], []
    trained = most - most // _HELD_OUT
    for one in questions:
        place = seen[one.task]
        seen[one.task] += 1
        if place < trained:
            train.append(one)
        elif place < most:
            validation.append(one)
    return train, validation

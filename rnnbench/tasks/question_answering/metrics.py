"""Scores over a whole split, task by task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact
from rnnbench.tasks.question_answering.batch import NOT_IN_TRAINING

FAILED = 0.05
"""A task is failed by a larger error (Weston et al. 2015)."""
OTHER_TASKS = "not in training"


class TaskScore(NamedTuple):
    """The scores of the questions of one task."""

    task: str
    questions: int
    error: float
    """Share of wrong answers."""
    hops: list[float]
    """For each hop, in how many of the questions with supporting sentences the one it looks at most is one of them."""
    supporting: float
    """In how many of these questions the hops look at all supporting sentences; NaN without hops or such questions."""


class QuestionScores(ItemValues):
    """What is kept of every question: its task, whether the answer is right, its likelihood, where the hops looked."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: Sequence[str] = ()
        self.by_task: list[TaskScore] = []

    def update(  # type: ignore[override]
        self, ids: Tensor, task: Tensor, right: Tensor, nats: Tensor, supporting: Tensor, looks: Tensor | None
    ) -> None:
        """Enters some questions.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a question that counts for nothing.
            task: Their tasks ``(B,)`` int64.
            right: Whether the answers are right ``(B,)``.
            nats: Negative log-likelihood of the true answers ``(B,)``; NaN for one that training does not have.
            supporting: ``(B, F)``, see `StoryBatch.supporting`.
            looks: How much each hop looks at each sentence ``(B, K, S)``; None for a model that does not look.
        """
        rows = [exact(task), exact(right), exact(nats), exact((supporting >= 0).any(1))]
        if looks is not None:
            most = looks.argmax(2)
            rows.append(exact(_found(supporting, most)))
            rows += [exact((supporting == hop[:, None]).any(1)) for hop in most.unbind(1)]
        super().update(ids, torch.stack(rows, 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The metrics, and the number of questions; afterwards `by_task` has the scores of each task."""
        values = super().compute()
        self.by_task = [
            _score(self.tasks[task] if task != NOT_IN_TRAINING else OTHER_TASKS, values[values[:, 0] == task])
            for task in sorted(set(values[:, 0].long().tolist()), key=lambda task: (task == NOT_IN_TRAINING, task))
        ]
        return question_metrics(values, self.by_task), len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Mean error: a wrong answer counts by how many questions its task has, so that tasks weigh alike."""
        task = values[:, 0].long()
        counted = task != NOT_IN_TRAINING if bool((task != NOT_IN_TRAINING).any()) else torch.ones_like(task).bool()
        sizes = (task - NOT_IN_TRAINING).bincount()[task - NOT_IN_TRAINING].double()
        weights = counted.double() / sizes
        weights = weights * len(weights) / weights.sum()
        return "mean_error", torch.stack([(1 - values[:, 1]) * weights, weights], 1)


def question_metrics(values: Tensor, by_task: Sequence[TaskScore]) -> dict[str, float]:
    """Everything that is said of a split.

    ``mean_error``: the mean over the tasks that training has of their shares of wrong answers; over all tasks where
    there are no such. ``failed_tasks``: how many of these tasks have an error above 5 %. ``accuracy``: the share of all
    questions that are answered rightly. ``cross_entropy``: its mean over all questions whose answer training has, in
    nats. ``transfer_error``: the error on tasks that training does not have. ``supporting_accuracy``: the share of
    questions with supporting sentences for which the hops look at all of them.

    Args:
        values: What was entered.
        by_task: The scores of each task.
    """
    trained = [one for one in by_task if one.task != OTHER_TASKS]
    counted = trained or list(by_task)
    nats = values[:, 2][~values[:, 2].isnan()].tolist()
    found = {
        "mean_error": math.fsum(one.error for one in counted) / len(counted),
        "failed_tasks": float(sum(one.error > FAILED for one in counted)),
        "accuracy": math.fsum(values[:, 1].tolist()) / len(values),
    }
    if nats:
        found["cross_entropy"] = math.fsum(nats) / len(nats)
    if trained and len(by_task) > len(trained):
        found["transfer_error"] = by_task[-1].error
    supported = values[values[:, 3] == 1]
    if values.shape[1] > 4 and len(supported):
        found["supporting_accuracy"] = math.fsum(supported[:, 4].tolist()) / len(supported)
    return found


def _score(task: str, values: Tensor) -> TaskScore:
    """The scores of a task."""
    error = math.fsum((1 - values[:, 1]).tolist()) / len(values)
    supported = values[values[:, 3] == 1, 4:]
    if not supported.numel():
        return TaskScore(task, len(values), error, [], math.nan)
    found, *hops = (math.fsum(column.tolist()) / len(supported) for column in supported.T)
    return TaskScore(task, len(values), error, hops, found)


def _found(supporting: Tensor, most: Tensor) -> Tensor:
    """Whether each supporting sentence ``(B, F)`` is one of those ``(B, K)`` that are looked at most: ``(B,)`` bool."""
    looked = (supporting[:, :, None] == most[:, None]).any(2)
    return (looked | (supporting < 0)).all(1)

"""Batches of stories with questions about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import places_within

NOT_IN_TRAINING = -1
"""The answer of a question that no question of the training split has, or its task."""

Ints = NDArray[np.int64]


class StoryBatch(NamedTuple):
    """B questions with up to S sentences before each; U different sentences and questions, of up to W words."""

    words: Tensor
    """``(U, W)`` int64: the words of every sentence and question that occurs in the batch, once; 0 past the end."""
    counts: Tensor
    """``(U,)`` int64: how many words each has, at least 1."""
    owner: Tensor
    """``(U,)`` int64: the task in whose stories it occurs; a sentence of two tasks is there twice."""
    places: Tensor
    """Where in ``(U, W)`` there is a word, row by row; see `places_within`."""
    story: Tensor
    """``(B, S)`` int64: the sentences of each story as rows of ``words``, in their order; 0 past the end."""
    sizes: Tensor
    """``(B,)`` int64: how many sentences each story has, at least 1."""
    question: Tensor
    """``(B,)`` int64: the question as a row of ``words``."""
    y: Tensor
    """``(B,)`` int64: the answer; `NOT_IN_TRAINING` where training has no such answer."""
    task: Tensor
    """``(B,)`` int64: the task; `NOT_IN_TRAINING` where training has no such task."""
    supporting: Tensor
    """``(B, F)`` int64: places of the supporting sentences in the story, in their order; -1 past the end."""
    ids: Tensor
    """``(B,)`` int64: number of each question in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of words, those of stories and questions."""

    @property
    def valid(self) -> Tensor:
        """``(B, S)`` bool: where there is a sentence."""
        return torch.arange(self.story.shape[1], device=self.sizes.device) < self.sizes[:, None]


class Ragged(NamedTuple):
    """Lists of numbers of different lengths, one after the other."""

    values: Ints
    """The numbers ``(M,)``."""
    ends: Ints
    """``(N + 1,)``: list i is ``values[ends[i]:ends[i + 1]]``."""

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Ragged:
        """Takes N lists."""
        ends = np.zeros(len(lists) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in lists], out=ends[1:])
        values = np.fromiter((value for one in lists for value in one), dtype=np.int64, count=int(ends[-1]))
        return cls(values, ends)

    @property
    def lengths(self) -> Ints:
        """How long each list is ``(N,)``."""
        return np.diff(self.ends)

    def padded(self, numbers: Ints, value: int) -> Ints:
        """Some of the lists as ``(len(numbers), longest)``, with a value past the end of each."""
        lengths = self.lengths[numbers]
        steps = np.arange(max(1, int(lengths.max(initial=0))))
        inside = steps < lengths[:, None]
        found = np.full(inside.shape, value, dtype=np.int64)
        found[inside] = self.values[(self.ends[numbers][:, None] + steps)[inside]]
        return found


class Stories:
    """The questions of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        words: The words of every sentence and question of the split, different ones of each task.
        owners: The task of each of them, see `StoryBatch.owner`.
        stories: The sentences of every story, as numbers in ``words``.
        questions: The number of every question in ``words`` ``(N,)``.
        answers: ``(N,)``, see `StoryBatch.y`.
        tasks: ``(N,)``, see `StoryBatch.task`.
        supporting: The supporting sentences of every question, as places in its story.
    """

    def __init__(
        self,
        words: Ragged,
        owners: Ints,
        stories: Ragged,
        questions: Ints,
        answers: Ints,
        tasks: Ints,
        supporting: Ragged,
    ) -> None:
        self.words = words
        self.owners = owners
        self.stories = stories
        self.questions = questions
        self.answers = answers
        self.tasks = tasks
        self.supporting = supporting

    @property
    def lengths(self) -> Ints:
        """Number of sentences of each story."""
        return self.stories.lengths

    def __call__(self, samples: list[int], epoch: int) -> StoryBatch:
        """The batch of some questions."""
        numbers = np.array(samples, dtype=np.int64)
        sizes = self.stories.lengths[numbers]
        story = self.stories.padded(numbers, -1)
        inside = story >= 0
        told = story[inside]
        sentences, rows = np.unique(np.concatenate([told, self.questions[numbers]]), return_inverse=True)
        story[inside], story[~inside] = rows[: len(told)], 0
        counts = self.words.lengths[sentences]
        return StoryBatch(
            words=torch.from_numpy(self.words.padded(sentences, 0)),
            counts=torch.from_numpy(counts),
            owner=torch.from_numpy(self.owners[sentences]),
            places=places_within(torch.from_numpy(counts)),
            story=torch.from_numpy(story),
            sizes=torch.from_numpy(sizes),
            question=torch.from_numpy(rows[len(told) :]),
            y=torch.from_numpy(self.answers[numbers]),
            task=torch.from_numpy(self.tasks[numbers]),
            supporting=torch.from_numpy(self.supporting.padded(numbers, -1)),
            ids=torch.from_numpy(numbers),
            tokens=int(counts[rows].sum()),
        )

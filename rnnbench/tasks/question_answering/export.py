"""A model that answers questions as a graph: a story and a question, as words, to the answers' probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.tasks.base.graph import Axes, Computed, Graph, lengths_up_to
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.model import QuestionModel

# The least and the most words of a sentence that the graph is tried with.
_WORDS = (2, 6)


def graph(model: QuestionModel) -> Graph:
    """Stories ``(B, S, W)``, their sizes ``(B,)``, questions ``(B, W)`` -> probabilities ``(B, A)``.

    Words are int64 ids, 0 past the end of a sentence; a sentence within the size has at least one. Where each task has
    weights of its own ``task (B,)`` comes in, too; where the model looks at sentences, how much each of K hops does
    ``(B, K, S)`` comes out.

    Args:
        model: A trained model.
    """
    inputs: dict[str, Axes] = {
        "story": ("batch", "sentences", "words"),
        "sizes": ("batch",),
        "question": ("batch", "words"),
    }
    if model.parted:
        inputs["task"] = ("batch",)

    def compute(story: Tensor, sizes: Tensor, question: Tensor, task: Tensor | None = None) -> tuple[Tensor, ...]:
        scores, looks = model(_as_batch(story, sizes, question, torch.zeros_like(sizes) if task is None else task))
        return (scores.softmax(1),) if looks is None else (scores.softmax(1), looks)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        width = int(torch.randint(*_WORDS, ()))
        words = torch.randint(1, len(model.encoder), (batch, steps + 1, width))
        ends = torch.randint(1, width + 1, (batch, steps + 1, 1))
        words = torch.where(torch.arange(width) < ends, words, 0)
        given = {"story": words[:, 1:], "sizes": lengths_up_to(batch, steps), "question": words[:, 0]}
        given["task"] = torch.randint(len(model.tasks), (batch,))
        return tuple(given[name] for name in inputs)

    return Graph(
        module=Computed(model, compute),
        inputs=inputs,
        outputs=("probabilities", "looks")[: len(compute(*example(1, 1)))],
        example=example,
        beside={
            "application": model.application,
            "tokenizer": model.encoder.portable(),
            "answers": model.answers,
            "tasks": model.tasks,
        },
    )


def _as_batch(story: Tensor, sizes: Tensor, question: Tensor, task: Tensor) -> StoryBatch:
    """The batch, in which every sentence is one of its own."""
    batch, sentences, width = story.shape
    words = torch.cat([story.flatten(0, 1), question])
    # What is past the end of a story is a sentence that nobody looks at, and no sentence is empty.
    counts = (words > 0).sum(1).clamp(min=1)
    rows = torch.arange(batch, device=story.device)
    return StoryBatch(
        words=words,
        counts=counts,
        owner=torch.cat([task[:, None].expand(-1, sentences).flatten(), task]),
        places=(torch.arange(width, device=story.device) < counts[:, None]).flatten().nonzero()[:, 0],
        story=torch.arange(batch * sentences, device=story.device).view(batch, sentences),
        sizes=sizes,
        question=rows + batch * sentences,
        y=task,
        task=task,
        supporting=task[:, None],
        ids=rows,
        tokens=0,
    )

"""What every model of this application does: training, exact evaluation, filling blanks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.examples import Example
from rnnbench.tasks.base import Axes, Measured, Names, Spec, Task, evaluating, exact
from rnnbench.tasks.cloze.batch import ClozeBatch, as_batch
from rnnbench.tasks.cloze.data import ClozeData
from rnnbench.tasks.cloze.metrics import ClozeScores

NEVER = (TextEncoder.pad, TextEncoder.begin, TextEncoder.end)
"""Tokens that stand in no text."""


class Candidate(NamedTuple):
    """A token for a blank."""

    token: str
    probability: float


class ClozeTask(Task[ClozeData]):
    """A model that says which token was left out. Subclasses write `build`, `loss` and `forward`."""

    application: ClassVar[str] = "cloze"
    monitor = "validation/nats_per_token"
    encoder: TextEncoder

    def __init__(self) -> None:
        super().__init__()
        self.scores = ClozeScores()

    @abstractmethod
    def forward(self, batch: ClozeBatch) -> Tensor:
        """Scores of all tokens at every place ``(M, V)``: log-probabilities up to a constant.

        What stands at a place has no part in its scores, as if it were left out.
        """

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the vocabulary."""
        self.encoder = TextEncoder.from_state(spec["encoder"])
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the tokens that are read, and those that are left out."""
        read, left_out = (Names(kind, self.encoder.tokens) for kind in (self.encoder.kind, "next token"))
        return {"embedding.table.weight": (read,), **dict.fromkeys(("output.weight", "output.bias"), (left_out,))}

    def evaluate(self, batch: ClozeBatch) -> None:
        """See `Task.evaluate`."""
        self.scores.update(batch.ids, batch.lengths, self(batch), batch.y)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`. What is unknown costs what ``<unk>`` costs, which is told beside."""
        values, tokens = self.scores.compute()
        read = self.data.splits[split]  # type: ignore[index]
        unknown = sum(int((read[i] == TextEncoder.unknown).sum()) for i in range(len(read.lengths)))
        told = f"unit:{self.encoder.unit}|context:{self.data.context}|tokens:{tokens}|unknown:{unknown}"
        return Measured(values, told, ("perplexity", "accuracy"))

    def chances(self, scores: Tensor) -> Tensor:
        """Probabilities of tokens, of scores ``(M, V)``; ``<unk>``, which stands for none in particular, gets 0."""
        return scores.index_fill(1, torch.tensor([*NEVER, TextEncoder.unknown]), -torch.inf).softmax(1)

    def fill(self, texts: Sequence[Tensor], most: int) -> list[list[list[Candidate]]]:
        """The likeliest tokens at every place of some texts.

        Args:
            texts: Ids ``(T,)`` of each, T at least 1.
            most: How many candidates of each place.

        Returns:
            For each text, for each place, candidates, the likeliest first.
        """
        with evaluating(self):
            batch = as_batch(texts, range(len(texts)))
            scores = exact(self(self.transfer_batch_to_device(batch, self.device, 0))).cpu()
        chances, tokens = self.chances(scores).topk(min(most, scores.shape[1] - len(NEVER) - 1))
        names = self.encoder.tokens
        places = [
            [Candidate(names[token], chance) for token, chance in zip(*row, strict=True)]
            for row in zip(tokens.tolist(), chances.tolist(), strict=True)
        ]
        ends = batch.lengths.cumsum(0).tolist()
        return [places[end - size : end] for end, size in zip(ends, batch.lengths.tolist(), strict=True)]

    def examples(self) -> list[Example]:
        """See `Task.examples`: some texts of the test split, of each of which a token was left out."""
        from rnnbench.tasks.cloze.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws what blanks cost by their places."""
        from rnnbench.tasks.cloze.show import draw_test

        draw_test(self)

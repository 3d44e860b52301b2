"""The recurrent reader: story and question as one sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.errors import UserError, did_you_mean
from rnnbench.nn import Pooling, WordEmbedding
from rnnbench.nn.attention import Attention
from rnnbench.nn.bags import Bags
from rnnbench.tasks.base import Spec
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.model import Answered, QuestionModel

Step = Literal["word", "sentence"]


class _Read(NamedTuple):
    """Stories and their questions as B sequences of T steps."""

    x: Tensor
    """``(B, T, I)``"""
    lengths: Tensor
    """``(B,)``"""
    sentence: Tensor
    """``(B, T)`` int64: which sentence of the story a step belongs to; S for the question and past the end."""


class RecurrentReader(QuestionModel):
    """Reads the sentences of a story and then the question, word by word, and answers by what it remembers at the end.

    Args:
        backbone: Makes the recurrent stack from its input size; any cell, the NTM among them.
        embedding: Makes the vectors of words from their number.
        step: What a step of the network reads: a ``word``, or a whole ``sentence``, as the mean of its words.
        attention: Makes the attention with which the last output looks back at all outputs, from the widths of a query
            and of what it looks at; null for none. What a sentence gets is the sum over its words.
        dropout: Rate at which what the answer is made of is dropped in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        step: Step = "word",
        attention: Callable[[int, int], Attention] | None = None,
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        if step not in get_args(Step):
            raise UserError(f"there is no step {step!r}", where="--model.step", hint=did_you_mean(step, get_args(Step)))
        self.make_backbone = backbone
        self.make_embedding = embedding
        self.step = step
        self.make_attention = attention
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.backbone = self.make_backbone(self.embedding.size)
        width = self.backbone.output_size
        self.pool = Pooling("last", width, self.backbone.causal)
        size = self.pool.output_size
        self.attention = None if self.make_attention is None else self.make_attention(size, width)
        self.output = nn.Linear(size + (width if self.attention is not None else 0), len(self.answers))

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`."""
        read = self._words(batch) if self.step == "word" else self._sentences(batch)
        hidden, _ = self.backbone(read.x, read.lengths)
        state = self.pool(hidden, read.lengths)
        if self.attention is None:
            return Answered(self.output(self.dropout(state)))
        context, weights = self.attention(state, self.attention.prepare(hidden, read.lengths))
        sentences = batch.story.shape[1]
        looks = weights.new_zeros(weights.shape[0], sentences + 1).scatter_add(1, read.sentence, weights)
        return Answered(self.output(self.dropout(torch.cat([state, context], 1))), looks[:, None, :sentences])

    def model_name(self) -> str:
        """Direction, cell, depth and width, and what is special."""
        special = {"attention": self.attention is not None, "a sentence a step": self.step == "sentence"}
        return ", ".join([self.backbone.summary(), *(name for name, there in special.items() if there)])

    def _words(self, batch: StoryBatch) -> _Read:
        """Word by word."""
        lines = self._lines(batch)
        counts = torch.where(self._read(batch), batch.counts[lines], 0)
        ends = counts.cumsum(1)
        # A graph for other programs has room for all that there could be: what is past the end changes nothing.
        most = lines.shape[1] * batch.words.shape[1] if torch.compiler.is_exporting() else int(ends[:, -1].max())
        # Of every step, how many lines have ended before it.
        over = torch.zeros_like(ends[:, :1]).expand(-1, most + 1).scatter_add(1, ends, torch.ones_like(ends))
        line = over.cumsum(1)[:, :most].clamp(max=lines.shape[1] - 1)
        steps = torch.arange(most, device=lines.device).expand(lines.shape[0], -1)
        place = steps - (ends - counts).gather(1, line)
        inside = steps < ends[:, -1:]
        words = batch.words[lines.gather(1, line), torch.where(inside, place, 0)]
        return _Read(self.embedding(torch.where(inside, words, 0)), ends[:, -1], self._named(batch, line, inside))

    def _sentences(self, batch: StoryBatch) -> _Read:
        """Sentence by sentence."""
        vectors = self.embedding(batch.words.flatten().index_select(0, batch.places))
        members = torch.arange(vectors.shape[0], device=vectors.device)
        means = Bags.of(members, batch.counts, vectors.shape[0]).sum(vectors) / batch.counts[:, None]
        lines, inside = self._lines(batch), self._read(batch)
        line = torch.arange(lines.shape[1], device=lines.device).expand(lines.shape[0], -1)
        x = means[lines] * inside[..., None]
        return _Read(x, batch.sizes + 1, self._named(batch, line, inside))

    def _lines(self, batch: StoryBatch) -> Tensor:
        """Sentences and question as rows of ``words`` ``(B, S + 1)``: the question right behind the story."""
        lines = F.pad(batch.story, (0, 1))
        return lines.scatter(1, batch.sizes[:, None], batch.question[:, None])

    def _read(self, batch: StoryBatch) -> Tensor:
        """Where there is one of them ``(B, S + 1)``."""
        return torch.arange(batch.story.shape[1] + 1, device=batch.sizes.device) <= batch.sizes[:, None]

    def _named(self, batch: StoryBatch, line: Tensor, inside: Tensor) -> Tensor:
        """See `_Read.sentence`."""
        return torch.where(inside & (line < batch.sizes[:, None]), line, batch.story.shape[1])

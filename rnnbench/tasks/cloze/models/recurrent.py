"""Two stacks that read towards a blank, one from each side, and never it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.backbone.reverse import reversal, reverse
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.nn.softmax import SoftmaxOutput
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import Loss, Spec
from rnnbench.tasks.cloze.batch import ClozeBatch
from rnnbench.tasks.cloze.model import NEVER, ClozeTask

Sides = Literal["both", "left", "right"]


class ClozeModel(ClozeTask):
    """Predicts every token of a text from the states on either side of it, neither of which has seen it.

        f_t = stack(<bos>, x_1, ..., x_{t-1}),    b_t = stack'(<eos>, x_n, ..., x_{t+1})
        p(x_t | all others) = softmax(U tanh(W [f_t; b_t] + a) + c)

    The two stacks share nothing but the embedding: layers of one that read the other's outputs, as those of a
    bidirectional stack do, would see the token itself. O. Melamud, J. Goldberger and I. Dagan, context2vec, CoNLL 2016.

    Args:
        backbone: Makes each stack from its input size; a stack reads in one direction.
        embedding: Makes the vectors of tokens from their number.
        sides: What is read: what stands before a blank, after it, or both.
        size: Width of the layer before the softmax.
        dropout: Rate at which vectors of tokens and that layer are dropped in training.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding: Callable[[int], WordEmbedding] = WordEmbedding,
        sides: Sides = "both",
        size: Annotated[int, AT_LEAST_1] = 128,
        dropout: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.make_embedding = embedding
        self.sides = sides
        self.size = size
        self.dropout = nn.Dropout(dropout)
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary."""
        self.embedding = self.make_embedding(len(self.encoder))
        self.backbone = self._stack()
        # That of the other side, where both are read.
        self.backward_stack = self._stack() if self.sides == "both" else None
        width = self.backbone.output_size * (2 if self.sides == "both" else 1)
        self.project = nn.Linear(width, self.size)
        self.output = SoftmaxOutput(self.size, len(self.encoder))

    def context(self, batch: ClozeBatch) -> Tensor:
        """What stands around every blank, as vectors ``(M, size)``."""
        vectors = self.dropout(self.embedding(batch.x))
        around = []
        if self.sides != "right":
            # <bos>, x_1, ..., x_{n-1}: what the last token would add is asked for nowhere.
            around.append(self.backbone(vectors[:, :-2], batch.lengths)[0])
        if self.sides != "left":
            around.append(self._from_the_right(vectors[:, 2:], batch.lengths))
        places = batch.places.to(vectors.device)
        there = [one.flatten(0, 1).index_select(0, places) for one in around]
        return self.dropout(torch.tanh(self.project(torch.cat(there, 1))))

    def forward(self, batch: ClozeBatch) -> Tensor:
        """See `ClozeTask.forward`."""
        scores = self.output(self.context(batch))
        return scores.index_fill(1, torch.tensor(NEVER, device=scores.device), -torch.inf)

    def loss(self, batch: ClozeBatch) -> Loss:
        """Cross-entropy of all tokens, each left out in turn."""
        return Loss(self.output.nats(self.context(batch), batch.y), batch.tokens)

    def flops_per_token(self) -> float | None:
        """Of a blank: the stacks, the layer after them and the softmax."""
        stacks = [self.backbone] if self.backward_stack is None else [self.backbone, self.backward_stack]
        linear = 2 * (self.project.weight.numel() + self.output.weight.numel())
        return float(sum(one.flops_per_token() for one in stacks) + linear)

    def model_name(self) -> str:
        """The stack and what it reads, such as ``LSTM 1x128, both sides``."""
        return f"{self.backbone.summary()}, {'both sides' if self.sides == 'both' else self.sides}"

    def _stack(self) -> Backbone:
        stack = self.make_backbone(self.embedding.size)
        if not stack.causal:
            raise UserError(
                "a layer that reads from both ends has seen the blank",
                where="model.backbone.bidirectional",
                hint="bidirectional: false; --model.sides both has a stack for each side",
            )
        return stack

    def _from_the_right(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Of x_2, ..., x_n, <eos> ``(B, T, I)``, at each place what a stack makes of them from the end up to there."""
        stack = self.backbone if self.backward_stack is None else self.backward_stack
        rows = reversal(lengths.to(vectors.device), vectors.shape[1])
        hidden, _ = stack(reverse(vectors, rows), lengths)
        return reverse(hidden, rows)

"""The recurrent language model."""

from __future__ import annotations

from collections.abc import Callable

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone, StackState
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec
from rnnbench.tasks.text_generation.model import TextModel


class LanguageModel(TextModel):
    """Embedding, recurrent backbone, softmax over the vocabulary.

    T. Mikolov et al., Recurrent Neural Network Based Language Model, Interspeech 2010; with dropout on the
    non-recurrent connections only: W. Zaremba, I. Sutskever and O. Vinyals, Recurrent Neural Network Regularization,
    arXiv 1409.2329 (2014).

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding_size: Width of a token's vector.
        tie_embeddings: Use the embedding as the weight of the softmax too (O. Press and L. Wolf, EACL 2017); the
            embedding must be as wide as the backbone's output.
        dropout: Rate at which the embedding and the backbone's output are dropped in training.
        init_range: Draw every weight and bias from U(-r, r) in place of each layer's own initialisation.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding_size: int = 128,
        tie_embeddings: bool = False,
        dropout: float = 0.0,
        init_range: float | None = None,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.embedding_size = embedding_size
        self.tie_embeddings = tie_embeddings
        self.dropout = nn.Dropout(dropout)
        self.init_range = init_range
        self.optimizer = optimizer
        self.scheduler = scheduler

    def build(self, spec: Spec) -> None:
        """Makes the layers for this vocabulary."""
        size = len(self.tokenizer)
        self.embedding = nn.Embedding(size, self.embedding_size)
        self.backbone = self.make_backbone(self.embedding_size)
        if not self.backbone.causal:
            raise UserError(
                "a language model cannot read the text it predicts",
                where="model.backbone.bidirectional",
                hint="bidirectional: false",
            )
        self.output = nn.Linear(self.backbone.output_size, size)
        if self.tie_embeddings:
            if self.backbone.output_size != self.embedding_size:
                raise UserError(
                    f"tied embeddings must be as wide as the backbone's output: {self.embedding_size} is not"
                    f" {self.backbone.output_size}",
                    where="model.tie_embeddings",
                    hint=f"--model.embedding_size {self.backbone.output_size}",
                )
            self.output.weight = self.embedding.weight
        if self.init_range is not None:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -self.init_range, self.init_range)

    def initial_state(self, batch_size: int) -> StackState:
        """The backbone's."""
        return self.backbone.initial_state(batch_size, self.embedding.weight)

    def forward(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Tokens ``(B, T)`` -> scores of the next ones ``(B, T, V)`` and the state after the last."""
        hidden, state = self.backbone(self.dropout(self.embedding(x)), state=state)
        return self.output(self.dropout(hidden)), state

    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.step`."""
        hidden, state = self.backbone.step(self.dropout(self.embedding(token)), state)
        return self.output(self.dropout(hidden)), state

    def model_name(self) -> str:
        """Cell, depth and width, such as ``LSTM 2x200``."""
        return f"{self.cell_name()} {len(self.backbone.cells)}x{self.backbone.cells[0][0].hidden_size}"

    def cell_name(self) -> str | None:
        """Name of the backbone's cell."""
        return type(self.backbone.cells[0][0]).__name__

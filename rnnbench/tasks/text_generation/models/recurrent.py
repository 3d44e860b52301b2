"""The recurrent language model."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.backbone import Backbone, StackState
from rnnbench.backbone.initialize import uniform
from rnnbench.data.batches.batch import IGNORED, StripBatch
from rnnbench.errors import UserError
from rnnbench.nn.softmax import SoftmaxOutput
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
        dropout: Rate at which the embedding and the backbone's output are dropped in training, anew at every token; one
            mask for a whole window is the backbone's ``dropout: {input: ..., output: ..., locked: true}``.
        embedding_dropout: Rate at which whole tokens are dropped in training: wherever they stand in a window, their
            vectors are zero (Y. Gal and Z. Ghahramani, NeurIPS 2016).
        activation_penalty: Adds this times the mean square of the backbone's output after dropout to the loss of
            training (alpha of S. Merity, N. S. Keskar and R. Socher, Regularizing and Optimizing LSTM Language Models,
            ICLR 2018: 2).
        temporal_penalty: Adds this times the mean square of the change of the backbone's output from token to token,
            before the dropout of this model (beta there: 1).
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
        embedding_dropout: float = 0.0,
        activation_penalty: float = 0.0,
        temporal_penalty: float = 0.0,
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
        if not 0 <= embedding_dropout < 1:
            raise UserError(f"must be in [0, 1), found {embedding_dropout}", where="model.embedding_dropout")
        self.embedding_dropout = embedding_dropout
        for name, weight in (("activation_penalty", activation_penalty), ("temporal_penalty", temporal_penalty)):
            if weight < 0:
                raise UserError(f"must be 0 or more, found {weight}", where=f"model.{name}")
        self.activation_penalty = activation_penalty
        self.temporal_penalty = temporal_penalty
        self.init_range = init_range
        self.optimizer = optimizer
        self.scheduler = scheduler
        self._penalty: Tensor | None = None

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
        self.output = SoftmaxOutput(self.backbone.output_size, size)
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
            if self.backbone.recurrent_init != "cell":
                raise UserError(
                    f"draws all weights anew, so that recurrent_init {self.backbone.recurrent_init!r} would be lost",
                    where="model.init_range",
                    hint="keep one of them",
                )
            uniform(self, self.init_range)

    def initial_state(self, batch_size: int) -> StackState:
        """The backbone's."""
        return self.backbone.initial_state(batch_size, self.embedding.weight)

    def forward(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Tokens ``(B, T)`` -> scores of the next ones ``(B, T, V)`` and the state after the last."""
        hidden, state = self._read(x, state)
        return self.output(hidden), state

    def sum_nats(self, batch: StripBatch, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.sum_nats`."""
        hidden, state = self._read(batch.x, state)
        return self.output.nats(hidden.flatten(0, 1), batch.y.flatten(), IGNORED), state

    def _read(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Tokens ``(B, T)`` -> the backbone's output ``(B, T, O)``, dropped, and the state after the last."""
        hidden, state = self.backbone(self._embed(x), state=state)
        dropped = self._drop(hidden)
        if self.training and (self.activation_penalty or self.temporal_penalty):
            self._penalty = self.activation_penalty * dropped.square().mean()
            if x.shape[1] > 1:
                self._penalty = self._penalty + self.temporal_penalty * hidden.diff(dim=1).square().mean()
        return dropped, state

    def after(self, x: Tensor, lengths: Tensor, state: StackState) -> StackState:
        """The state after texts of different lengths.

        Args:
            x: Tokens ``(B, T)``; what stands past the end of a text changes nothing.
            lengths: Their numbers ``(B,)`` int64, each in 0..T.
            state: The state before the first token.
        """
        return self.backbone(self._embed(x), lengths, state)[1]

    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.step`."""
        hidden, state = self.backbone.step(self._embed(token), state)
        return self.output(self._drop(hidden)), state

    def penalty(self) -> Tensor | None:
        """Of the activations and of their change, as the last window had them."""
        penalty, self._penalty = self._penalty, None
        return penalty

    def _embed(self, tokens: Tensor) -> Tensor:
        """Vectors of tokens ``(...)``, dropped: ``(..., E)``."""
        vectors = self.embedding(tokens)
        if self.training and self.embedding_dropout > 0:
            kept = F.dropout(vectors.new_ones(len(self.tokenizer)), self.embedding_dropout)
            vectors = vectors * kept[tokens].unsqueeze(-1)
        return self._drop(vectors)

    def _drop(self, x: Tensor) -> Tensor:
        # Not called for nothing: where one token is read after the other, that takes as long as the sum of two vectors.
        return self.dropout(x) if self.training else x

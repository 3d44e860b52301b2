"""The counting language model: one pass over the text, no optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.backbone.state import StackState
from rnnbench.data.batches.batch import StripBatch
from rnnbench.decode.language.kneser_ney import KneserNey
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.text_generation.data import TextData
from rnnbench.tasks.text_generation.model import TextModel

_TABLE = "ngrams_"
# Stands in the state for the tokens before the beginning.
_NOT_READ = -1


class NGramLanguageModel(CountingModel[TextData], TextModel):
    """Interpolated modified Kneser-Ney n-gram model; see `KneserNey` for the equations and the paper.

    It counts the whole training split as a single window: one epoch of one step. Its state is the last n - 1 tokens.

    Args:
        order: n; 1 is the unigram model, 0 the uniform one.
    """

    # Their names are known only when they are there.
    tables = ()

    def __init__(self, order: int = 5) -> None:
        super().__init__()
        self.save_hyperparameters()
        if order < 0:
            raise UserError(f"must be 0 or more, found {order}", where="model.order")
        self.order = order
        self._counted: KneserNey | None = None

    def setup(self, stage: str) -> None:
        """Refuses what would split the text."""
        super().setup(stage)
        data = self.data
        if stage == "fit" and (data.batch_size != 1 or data.sequence_length < len(data.streams["train"].tokens)):
            raise UserError(
                "an n-gram model counts the whole text as one strip and one window",
                where="data.batch_size, data.sequence_length",
                hint="--data.batch_size 1 --data.sequence_length 1000000000",
            )

    @property
    def counted(self) -> KneserNey:
        """The model of the text that was counted; before that, the uniform one."""
        if self._counted is None:
            tables = {name: table.numpy() for name, table in self.named_buffers() if name.startswith(_TABLE)}
            arrays = {name.removeprefix(_TABLE): table for name, table in tables.items()}
            order = self.order if arrays else 0
            self._counted = KneserNey.from_state({**self._fixed(), "order": order, **arrays})
        return self._counted

    def count_batch(self, batch: StripBatch) -> None:
        """Counts the text."""
        model = KneserNey.count(batch.y[0].numpy(), order=self.order, **self._fixed())
        for name, value in model.state().items():
            if isinstance(value, np.ndarray):
                self.register_buffer(_TABLE + name, torch.from_numpy(value))
        self._counted = None

    def initial_state(self, batch_size: int) -> StackState:
        """The last n - 1 tokens, none of which has been read yet."""
        return (torch.full((batch_size, max(self.order - 1, 0)), _NOT_READ),)

    def nats(self, batch: StripBatch, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.nats`."""
        history = torch.cat([state[0], batch.x], dim=1)
        losses = torch.zeros(batch.y.shape, dtype=torch.float64)
        first = history.shape[1] - batch.x.shape[1] + 1
        for row, targets in enumerate(batch.y):
            known = targets[targets >= 0].numpy()
            if len(known):
                context = _read(history[row, :first])
                losses[row, : len(known)] = -torch.from_numpy(self.counted.log_probabilities(known, context))
        return losses, (self._recent(history),)

    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.step`."""
        history = torch.cat([state[0], token[:, None]], dim=1)
        rows = [np.log(self.counted.distribution(_read(row))) for row in history]
        return torch.from_numpy(np.stack(rows)), (self._recent(history),)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Makes room for the tables, whose sizes only the checkpoint knows."""
        super().on_load_checkpoint(checkpoint)
        for name, table in checkpoint["state_dict"].items():
            if name.startswith(_TABLE):
                self.register_buffer(name, torch.empty_like(table))
        self._counted = None

    def num_parameters(self) -> int:
        """Number of n-grams stored."""
        return self.counted.num_ngrams

    def model_name(self) -> str:
        """Uniform, unigram or the order."""
        return {0: "uniform", 1: "unigram"}.get(self.order, f"Kneser-Ney {self.order}-gram")

    def _recent(self, history: Tensor) -> Tensor:
        """The last tokens that a context can reach."""
        return history[:, history.shape[1] - max(self.order - 1, 0) :]

    def _fixed(self) -> dict[str, Any]:
        """What the tables do not hold: sentences end with ``<eos>`` at word level only."""
        boundary = self.tokenizer.end if self.tokenizer.of_words else None
        return {"vocabulary_size": len(self.tokenizer), "boundary": boundary}


def _read(history: Tensor) -> np.ndarray:
    """The tokens ``(N,)`` that have been read."""
    return history[history != _NOT_READ].numpy()

"""What every plain model is, and the parts that several have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.bench.layers import layers_of
from rnnbench.cells import RNNCell
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding

T = TypeVar("T")


class PlainModel(nn.Module, ABC):
    """A model as a user of PyTorch writes it; made from ours, it has the same sizes, weights and rates of dropout."""

    @abstractmethod
    def loss(self, batch: Any) -> Tensor:
        """The mean over the units of a batch, ``()``."""


class PlainStack(nn.Module):
    """A stack over padded sequences: for each layer and direction a layer of torch.nn.

    The second direction reads every sequence turned about by itself. ``bidirectional=True`` would begin in the padding,
    which is another model. On packed sequences it is the same, but slower on a CPU, an LSTM several times; so this is
    the fastest of the plain ways.

    Args:
        backbone: A plain stack of LSTM, GRU or Elman cells.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(layers_of([[cell]]) for cell in directions) for directions in backbone.cells
        )
        self.dropout = nn.Dropout(backbone.dropout.between)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Sequences ``(B, T, I)`` with ``lengths (B,)`` -> ``(B, T, O)``, anything past each length."""
        place = torch.arange(x.shape[1])
        turned = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)[..., None]
        for depth, directions in enumerate(self.layers):
            x = self.dropout(x) if depth else x
            ahead, *back = cast(nn.ModuleList, directions)
            outputs = [ahead(x)[0], *(_turn(layer(_turn(x, turned))[0], turned) for layer in back)]
            x = torch.cat(outputs, 2)
        return x


class PlainWords(nn.Module):
    """Vectors of words, with dropout of numbers and of whole words.

    Args:
        words: Ours.
    """

    def __init__(self, words: WordEmbedding) -> None:
        super().__init__()
        self.table = embedding_of(words.table)
        self.dropout = nn.Dropout(words.dropout.p)
        self.word_dropout = words.word_dropout
        self.unknown = words.unknown

    def forward(self, x: Tensor) -> Tensor:
        """Ids ``(B, T)`` -> vectors ``(B, T, E)``."""
        if self.training and self.word_dropout > 0:
            x = x.masked_fill(torch.rand(x.shape) < self.word_dropout, self.unknown)
        return self.dropout(self.table(x))


def linear_of(layer: nn.Module) -> nn.Linear:
    """A linear layer with the weights of ours."""
    ours = expect(layer, nn.Linear)
    made = nn.Linear(ours.in_features, ours.out_features, bias=ours.bias is not None)
    made.load_state_dict(ours.state_dict())
    return made


def embedding_of(table: nn.Embedding) -> nn.Embedding:
    """An embedding with the weights of ours."""
    made = nn.Embedding(table.num_embeddings, table.embedding_dim)
    made.load_state_dict(table.state_dict())
    return made


def expect(part: object, kind: type[T]) -> T:
    """A part of our model, if it is of the kind that the plain model has.

    Raises:
        UserError: It is of another.
    """
    if not isinstance(part, kind):
        raise UserError(f"the plain model has a {kind.__name__}, and no {type(part).__name__}")
    return part


def only_cell(backbone: Backbone, kind: type[RNNCell]) -> RNNCell:
    """The cell of a stack of one layer that reads forwards.

    Raises:
        UserError: There are more, or it is of another kind.
    """
    return expect(only(only(backbone.cells)), kind)


def only(parts: Iterable[T]) -> T:
    """The one of them that there is.

    Raises:
        UserError: There are more.
    """
    first, *others = parts
    if others:
        raise UserError(f"the plain model has one layer here, and not {1 + len(others)}")
    return first


def valid_places(lengths: Tensor, steps: int) -> Tensor:
    """Which of so many places lie within each length ``(B,)``: ``(B, T)`` bool."""
    return torch.arange(steps) < lengths[:, None]


def _turn(x: Tensor, turned: Tensor) -> Tensor:
    return x.gather(1, turned.expand_as(x))

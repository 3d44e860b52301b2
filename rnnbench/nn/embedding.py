"""Words in, vectors out."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError


class PretrainedVectors(Protocol):
    """Vectors of the words of a vocabulary, wherever they were read from."""

    @property
    def name(self) -> str:
        """Where they come from."""

    @property
    def values(self) -> Tensor:
        """``(V, I)``."""

    @property
    def found(self) -> Tensor:
        """``(V,)`` bool: which words have a vector."""


class WordEmbedding(nn.Module):
    """A vector for each word, drawn from N(0, 1 / I) at first, or pretrained; with two kinds of dropout.

    Args:
        num_words: Size V of the vocabulary.
        embedding_size: Width I of a vector.
        dropout: Rate at which numbers of the vectors are dropped in training.
        word_dropout: Rate at which whole words are read as ``unknown`` in training, so that it has a vector that was
            trained.
        unknown: Id of the unknown word.
        frozen: Whether the vectors stay as they are; they have to be pretrained then.

    Raises:
        UserError: A rate is out of range.
    """

    def __init__(
        self,
        num_words: int,
        embedding_size: int = 100,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        unknown: int = 1,
        frozen: bool = False,
    ) -> None:
        super().__init__()
        for name, rate in (("dropout", dropout), ("word_dropout", word_dropout)):
            if not 0 <= rate < 1:
                raise UserError(f"WordEmbedding: {name} must be in [0, 1), found {rate}")
        self.table = nn.Embedding(num_words, embedding_size)
        nn.init.normal_(self.table.weight, std=embedding_size**-0.5)
        self.table.weight.requires_grad_(not frozen)
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout
        self.unknown = unknown

    @property
    def size(self) -> int:
        """Width I of a vector."""
        return self.table.embedding_dim

    def start_from(self, name: str, values: Tensor, found: Tensor) -> None:
        """Puts pretrained vectors in the place of those drawn at random.

        Args:
            name: Where they come from, for errors.
            values: A vector for each word ``(V, I)``.
            found: Which words have one ``(V,)`` (bool); the others keep theirs.

        Raises:
            UserError: They are of another width.
        """
        size = values.shape[1]
        if size != self.table.embedding_dim:
            raise UserError(
                f"the vectors of {name} have {size} values, the embedding {self.table.embedding_dim}",
                where="model.embedding.embedding_size",
                hint=f"--model.embedding.embedding_size {size}",
            )
        with torch.no_grad():
            self.table.weight[found] = values[found].to(self.table.weight)

    def check_start(self) -> None:
        """Refuses frozen vectors where there are no pretrained ones.

        Raises:
            UserError: They would stay as they were drawn.
        """
        if not self.table.weight.requires_grad:
            raise UserError(
                "vectors that were drawn at random would stay so",
                where="model.embedding.frozen",
                hint="name pretrained ones: --data.vectors glove_6b_50d; or frozen: false",
            )

    def start(self, vectors: PretrainedVectors | None) -> None:
        """Puts pretrained vectors in place where there are some (`start_from`), else `check_start`.

        Args:
            vectors: The vectors of the vocabulary; None for none.
        """
        if vectors is None:
            self.check_start()
        else:
            self.start_from(vectors.name, vectors.values, vectors.found)

    def forward(self, x: Tensor) -> Tensor:
        """Ids ``(B, T)`` -> vectors ``(B, T, I)``."""
        if self.training and self.word_dropout:
            dropped = torch.rand(x.shape, device=x.device) < self.word_dropout
            x = x.masked_fill(dropped, self.unknown)
        return self.dropout(self.table(x))

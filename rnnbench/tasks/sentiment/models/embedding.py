"""Classifiers that begin with word vectors, drawn or pretrained."""

from __future__ import annotations

from collections.abc import Callable

from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base import Spec
from rnnbench.tasks.sentiment.data import SentimentData
from rnnbench.tasks.sentiment.model import TextClassifier


class EmbeddingClassifier(TextClassifier):
    """A classifier over an embedding; subclasses build what comes after it.

    Args:
        embedding: Makes the vectors of words from their number.
    """

    def __init__(self, embedding: Callable[[int], WordEmbedding]) -> None:
        super().__init__()
        self.make_embedding = embedding

    @property
    def embedding_size(self) -> int:
        """Width of a word's vector."""
        return self.embedding.table.embedding_dim

    def build(self, spec: Spec) -> None:
        """Makes the embedding."""
        self.embedding = self.make_embedding(len(self.encoder))

    def start_from(self, data: SentimentData) -> None:
        """Puts the pretrained vectors of the data into a new model; later the checkpoint holds them."""
        self.embedding.start(data.vectors)

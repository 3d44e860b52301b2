"""Classifiers that begin with word vectors, drawn or pretrained."""

from __future__ import annotations

from collections.abc import Callable

from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base import Spec
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

    def configure_model(self) -> None:
        """Fills in the pretrained vectors of the data module when a model is new; later the checkpoint holds them."""
        is_new = self.spec is None
        super().configure_model()
        if not is_new or self.spec is None:
            return
        vectors = self._data().word_vectors
        if vectors is None:
            self.embedding.check_start()
        else:
            self.embedding.start_from(vectors.name, vectors.values, vectors.found)

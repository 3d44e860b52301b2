"""Parts of networks that several applications share."""

from rnnbench.nn.embedding import WordEmbedding
from rnnbench.nn.pooling import Pooling

__all__ = ["Pooling", "WordEmbedding"]

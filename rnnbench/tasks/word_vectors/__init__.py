"""Word vectors: CBOW and skip-gram from the equations, counted vectors, and what people say of words."""

from rnnbench.embeddings.outputs import HierarchicalSoftmax, NegativeSampling
from rnnbench.embeddings.subwords import Subwords
from rnnbench.tasks.word_vectors.counted import CountedVectors
from rnnbench.tasks.word_vectors.data import WordData
from rnnbench.tasks.word_vectors.word2vec import Word2Vec

__all__ = ["CountedVectors", "HierarchicalSoftmax", "NegativeSampling", "Subwords", "Word2Vec", "WordData"]

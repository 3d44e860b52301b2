"""Parts of networks that several applications share."""

from rnnbench.nn.characters import CharacterCNN, CharacterRNN
from rnnbench.nn.crf import LinearChainCRF
from rnnbench.nn.embedding import WordEmbedding
from rnnbench.nn.pooling import Pooling

__all__ = ["CharacterCNN", "CharacterRNN", "LinearChainCRF", "Pooling", "WordEmbedding"]

"""Parts of networks that several applications share."""

from rnnbench.nn.attention import AdditiveAttention, DotAttention, GeneralAttention, LocalAttention
from rnnbench.nn.bridge import Bridge
from rnnbench.nn.characters import CharacterCNN, CharacterRNN
from rnnbench.nn.crf import LinearChainCRF
from rnnbench.nn.embedding import WordEmbedding
from rnnbench.nn.image_encoders.convolutional import ConvEncoder
from rnnbench.nn.image_encoders.pretrained import PretrainedEncoder
from rnnbench.nn.pooling import Pooling

__all__ = [
    "AdditiveAttention",
    "Bridge",
    "CharacterCNN",
    "CharacterRNN",
    "ConvEncoder",
    "DotAttention",
    "GeneralAttention",
    "LinearChainCRF",
    "LocalAttention",
    "Pooling",
    "PretrainedEncoder",
    "WordEmbedding",
]

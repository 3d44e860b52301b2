"""What a word looks like: a vector made of its characters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.errors import UserError


class CharacterEncoder(nn.Module, ABC):
    """Maps the characters of words to one vector a word.

    Args:
        num_characters: Number of characters, padding included.
    """

    output_size: int
    """Width O of a word's vector."""

    def __init__(self, num_characters: int) -> None:
        super().__init__()
        self.num_characters = num_characters

    @abstractmethod
    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """Reads words.

        Args:
            characters: ``(N, C)`` int64; anything past the end of a word.
            lengths: Characters of each word ``(N,)`` int64, each in 1..C.

        Returns:
            ``(N, O)``.
        """

    @abstractmethod
    def flops(self, letters: int) -> int:
        """Floating-point operations of the matrix products for a word of so many letters."""


class CharacterRNN(CharacterEncoder):
    """The output of a recurrent stack after the last character, and of its backward direction after the first one.

    G. Lample, M. Ballesteros, S. Subramanian, K. Kawakami and C. Dyer, Neural Architectures for Named Entity
    Recognition, NAACL 2016.

    Args:
        num_characters: Number of characters, padding included.
        backbone: Makes the recurrent stack from its input size.
        embedding_size: Width of a character's vector.
        dropout: Rate at which the characters' vectors are dropped in training.
    """

    def __init__(
        self,
        num_characters: int,
        backbone: Callable[[int], Backbone],
        embedding_size: int = 25,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(num_characters)
        self.embedding = nn.Embedding(num_characters, embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.backbone = backbone(embedding_size)
        self.output_size = self.backbone.output_size

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """See `CharacterEncoder.forward`."""
        hidden, _ = self.backbone(self.dropout(self.embedding(characters)), lengths)
        # The state itself may be anything; the output is what a cell shows of it.
        width = self.backbone.cells[-1][0].output_size
        last = hidden[torch.arange(hidden.shape[0], device=hidden.device), lengths - 1, :width]
        return torch.cat([last, hidden[:, 0, width:]], dim=1)

    def flops(self, letters: int) -> int:
        """See `CharacterEncoder.flops`."""
        return letters * self.backbone.flops_per_token()


class CharacterCNN(CharacterEncoder):
    """The maximum over a word of convolutions over its characters.

    X. Ma and E. Hovy, End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF, ACL 2016.

    Args:
        num_characters: Number of characters, padding included.
        embedding_size: Width of a character's vector.
        filters: Number O of filters.
        width: Characters that a filter sees; an odd number.
        dropout: Rate at which the characters' vectors are dropped in training.
    """

    def __init__(
        self, num_characters: int, embedding_size: int = 30, filters: int = 30, width: int = 3, dropout: float = 0.0
    ) -> None:
        super().__init__(num_characters)
        if width < 1 or width % 2 == 0:
            raise UserError(f"CharacterCNN: width must be an odd number, found {width}")
        self.embedding = nn.Embedding(num_characters, embedding_size)
        self.dropout = nn.Dropout(dropout)
        self.convolution = nn.Conv1d(embedding_size, filters, width, padding=width // 2)
        self.output_size = filters

    def forward(self, characters: Tensor, lengths: Tensor) -> Tensor:
        """See `CharacterEncoder.forward`."""
        valid = torch.arange(characters.shape[1], device=characters.device) < lengths[:, None]
        vectors = torch.where(valid[..., None], self.dropout(self.embedding(characters)), 0)
        found = self.convolution(vectors.transpose(1, 2))
        return torch.where(valid[:, None, :], found, -torch.inf).amax(2)

    def flops(self, letters: int) -> int:
        """See `CharacterEncoder.flops`."""
        return 2 * letters * self.convolution.weight.numel()

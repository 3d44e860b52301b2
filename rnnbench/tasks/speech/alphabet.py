"""What a recogniser writes: characters or words by number, 0 being the blank of CTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.errors import UserError

SpeechUnit = Literal["char", "word"]
"""What a token is: a character, space included, or what white space separates."""

# A recogniser writes none of the special tokens; the number of the first of them becomes the blank.
_OFFSET = len(SPECIALS) - 1


class Alphabet:
    """Characters or words of the training transcripts by number; 0 is the blank.

    Args:
        encoder: The vocabulary.
    """

    blank = 0

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self.unit = encoder.unit

    @classmethod
    def train(cls, unit: SpeechUnit, transcripts: Sequence[str], min_count: int = 1) -> Alphabet:
        """Takes the tokens of the training transcripts.

        Args:
            unit: What a token is.
            transcripts: The transcripts.
            min_count: Rarer ones are left out.

        Raises:
            UserError: None is left.
        """
        alphabet = cls(TextEncoder.train(unit, transcripts, min_count=min_count))
        if len(alphabet) == 1:
            raise UserError(f"no {unit} occurs {min_count} times in the transcripts", where="data.min_count")
        return alphabet

    def __len__(self) -> int:
        return len(self._encoder) - _OFFSET

    @property
    def tokens(self) -> list[str]:
        """The tokens in the order of their numbers; that of the blank is empty."""
        return ["", *self._encoder.tokens[len(SPECIALS) :]]

    def encode(self, text: str) -> NDArray[np.int64]:
        """Numbers ``(U,)`` of a transcript; what is outside the alphabet is left out."""
        ids = self._encoder.encode(text)
        return ids[ids != TextEncoder.unknown] - _OFFSET

    def decode(self, ids: Iterable[int]) -> str:
        """Text of numbers without blanks; white space stands between words only, and once."""
        return " ".join(self._encoder.decode(i + _OFFSET for i in ids).split())

    def outside(self, transcripts: Iterable[str]) -> Counter[str]:
        """How often each token that the alphabet lacks occurs."""
        known = set(self.tokens)
        return Counter(token for text in transcripts for token in self._encoder.split(text) if token not in known)

    def state(self) -> dict[str, Any]:
        """Plain values that `from_state` takes back."""
        return self._encoder.state()

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Alphabet:
        """The inverse of `state`."""
        return cls(TextEncoder.from_state(state))


def least_steps(ids: NDArray[np.int64]) -> int:
    """Fewest steps in which CTC can write tokens ``(U,)``: one for each, and a blank between two equal ones."""
    return len(ids) + int((ids[1:] == ids[:-1]).sum())

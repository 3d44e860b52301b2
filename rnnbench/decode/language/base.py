"""What a search asks of a language model, and what a language model over words answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np


class Outlook(NamedTuple):
    """What may follow a prefix.

    Args:
        state: State of the language model after the prefix.
        tokens: What each next token adds to the score, ``(V,)``; -inf where it must not follow. The entry of the blank
            is not looked at.
    """

    state: Any
    tokens: np.ndarray


class Fusion(Protocol):
    """Shallow fusion: what the tokens of a prefix add to its acoustic score.

    C. Gulcehre et al., On Using Monolingual Corpora in Neural Machine Translation, arXiv 1503.03535 (2015)::

        score(y) = log P(y | x) + alpha log P(y) + beta |y|
    """

    @property
    def most(self) -> float:
        """No token ever adds more than this."""

    def start(self) -> Outlook:
        """What may follow the empty prefix."""

    def after(self, states: Sequence[Any], tokens: Sequence[int]) -> list[Outlook]:
        """What may follow N prefixes that have grown by a token each.

        Args:
            states: The states before it, N of them.
            tokens: The tokens, N of them.
        """

    def end(self, state: Any) -> float:
        """What the end of the text adds after a prefix with this state."""


class LanguageModel(Protocol):
    """Probabilities of one word after the other. All logarithms are natural."""

    @property
    def words(self) -> Sequence[str]:
        """All words of the vocabulary, without those that stand for something else."""

    def start(self) -> Any:
        """The state at the beginning of a sentence."""

    def score(self, state: Any, word: str) -> float:
        """Log-probability of a word of the vocabulary after a state."""

    def advance(self, state: Any, word: str) -> Any:
        """The state after one more word, which need not be of the vocabulary."""

    def end(self, state: Any) -> float:
        """Log-probability that the sentence ends after a state."""


def most_added(alpha: float, beta: float) -> float:
    """Upper bound of ``alpha log p + beta``, and of 0, after a look at both."""
    if alpha < 0:
        raise ValueError(f"alpha must be 0 or more, got {alpha}")
    return max(beta, 0.0)

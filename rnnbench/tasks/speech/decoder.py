"""How posteriors become text: the best path, or a beam search with a language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnbench.decode.ctc import beam_search, best_path
from rnnbench.errors import UserError
from rnnbench.tasks.speech.alphabet import Alphabet

Decode = Callable[[NDArray[np.floating]], list[int]]
"""From log-probabilities ``(S, V)`` to tokens."""


@dataclass(frozen=True)
class Decoder:
    """How a text is found.

    Args:
        beam_size: Number of prefixes that a search keeps at each step; 1 takes the best path.
        lm: Language model: an ARPA file, or the folder of a text-generation run over characters or words.
        lm_weight: Weight of its log-probabilities.
        bonus: Added for every token, or with a model over words for every word: against texts that are too short.
        unknown: Natural log-probability of a word that a model over words does not know, such as -15; null for no such
            words.
    """

    beam_size: int = 1
    lm: str | None = None
    lm_weight: float = 0.5
    bonus: float = 0.0
    unknown: float | None = None

    # Not in __post_init__: the parser of the command line would take an error there for another type.
    def check(self) -> None:
        """Refuses values out of range.

        Raises:
            UserError: Names the option.
        """
        if self.beam_size < 1:
            raise UserError(f"must be at least 1, found {self.beam_size}", where="beam_size")
        if self.lm is not None and self.beam_size == 1:
            raise UserError("the best path listens to no language model", where="beam_size", hint="such as 16")
        if self.lm_weight < 0:
            raise UserError(f"must not be negative, found {self.lm_weight}", where="lm_weight")

    def summary(self) -> str:
        """What it is, in one word, as it stands in the signature of a metric."""
        if self.beam_size == 1:
            return "best_path"
        if self.lm is None:
            return f"beam{self.beam_size}"
        return f"beam{self.beam_size},{Path(self.lm).name},{self.lm_weight:g},{self.bonus:g}".replace(":", "_")

    def make(self, alphabet: Alphabet) -> Decode:
        """The decoder for an alphabet, with its language model.

        Args:
            alphabet: What the numbers stand for.

        Raises:
            UserError: The language model cannot be read, or knows nothing of the alphabet.
        """
        if self.beam_size == 1:
            return lambda log_probs: best_path(log_probs, alphabet.blank)
        listener = None
        if self.lm is not None:
            from rnnbench.tasks.speech.language import fusion, load_language_model

            model = load_language_model(Path(self.lm).expanduser())
            listener = fusion(model, alphabet.tokens, alphabet.blank, self.lm_weight, self.bonus, self.unknown)

        def search(log_probs: NDArray[np.floating]) -> list[int]:
            found = beam_search(log_probs, self.beam_size, listener, alphabet.blank)
            # Where a lexicon forbids all that was kept, the text that the sounds alone tell is better than none.
            return found[0].tokens if found else best_path(log_probs, alphabet.blank)

        return search

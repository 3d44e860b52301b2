"""Texts coloured by what a model thinks of them after each word or character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.vocabulary import Labels
from rnnbench.examples import Piece

MOST_STEPS = 1000
"""Tokens of a text that are coloured: each takes a run over all before it."""

EXPLAINED = (
    "The colour of each word is that of the class that is most probable after it; the stronger, the more certain."
)
"""What the colours mean."""


class Classifier(Protocol):
    """What is asked of a model whose texts are coloured."""

    encoder: TextEncoder
    labels: Labels

    def encode(self, text: str) -> Tensor:
        """Ids ``(T,)`` of a text."""

    def probabilities(self, texts: Sequence[Tensor]) -> Tensor:
        """Probabilities ``(N, C)`` of the classes of N texts, given as their ids."""


def in_pieces(model: Classifier, text: str) -> list[Piece]:
    """A text in pieces which together are the whole, each token with the class that is most probable after it.

    Probabilities are those of the text if it ended there, so a model that reads from both ends is shown fairly. How
    sure the model is, is 0 where all classes are equal.

    Args:
        model: A trained model.
        text: The text.
    """
    ids = model.encode(text)[:MOST_STEPS]
    after = model.probabilities([ids[: end + 1] for end in range(len(ids))]).tolist()
    even = 1 / len(model.labels)
    pieces: list[Piece] = []
    position = 0
    for (start, end), probabilities in zip(model.encoder.spans(text), after, strict=False):
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        label = f"{model.labels.names[best]} {probabilities[best]:.2f}"
        sure = (probabilities[best] - even) / (1 - even)
        pieces += [Piece(text[position:start]), Piece(text[start:end], label, sure, best)]
        position = end
    return [piece for piece in [*pieces, Piece(text[position:])] if piece.text]

"""An n-gram model over the tokens of the search themselves, such as characters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rnnbench.decode.language.backoff import BackoffModel, State
from rnnbench.decode.language.base import Outlook, most_added
from rnnbench.errors import UserError

# How models over characters write a space, which parts tokens in their files.
SPACES = (" ", "<space>", "▁", "|")
_CONTEXTS = 100_000


class NGramFusion:
    """Fusion with an n-gram model over the labels.

    Args:
        model: The model.
        labels: The labels of the acoustic model as the language model writes them, ``(V,)``. A label it does not know
            is ``<unk>``, or impossible where it has none.
        blank: Id of the blank among them.
        alpha: Weight of the language model.
        beta: Added for every token.
    """

    def __init__(
        self, model: BackoffModel, labels: Sequence[str], blank: int = 0, alpha: float = 1.0, beta: float = 0.0
    ) -> None:
        self.most = most_added(alpha, beta)
        self.missing = [name for i, name in enumerate(labels) if i != blank and _known_as(name, model.ids) is None]
        if len(self.missing) == len(labels) - 1:
            raise UserError(
                f"the language model knows none of the labels {' '.join(self.missing[:10])}",
                where="lm",
                hint="is it a model over characters, and in the same case?",
            )
        self._model = model
        self._alpha = alpha
        self._beta = beta
        self._ids = [model.unknown if (known := _known_as(name, model.ids)) is None else known for name in labels]
        self._impossible = np.array([known is None for known in self._ids])
        self._rows = np.array([known or 0 for known in self._ids])
        self._outlook = lru_cache(_CONTEXTS)(self._look_up)

    def start(self) -> Outlook:
        """See `Fusion.start`."""
        return self._outlook(self._model.start())

    def after(self, states: Sequence[State], tokens: Sequence[int]) -> list[Outlook]:
        """See `Fusion.after`."""
        grown = (self._model.after(state, self._ids[token]) for state, token in zip(states, tokens, strict=True))
        return [self._outlook(state) for state in grown]

    def end(self, state: State) -> float:
        """See `Fusion.end`."""
        return self._alpha * self._model.end(state)

    def _look_up(self, state: State) -> Outlook:
        worth = self._alpha * self._model.distribution(state)[self._rows] + self._beta
        worth[self._impossible] = -np.inf
        return Outlook(state, worth)


def _known_as(label: str, ids: dict[str, int]) -> int | None:
    """Row of a label among the 1-grams, a space under any of its names."""
    names = SPACES if label == " " else (label,)
    return next((ids[name] for name in names if name in ids), None)

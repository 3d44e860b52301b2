"""A language model over words in a search over characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnbench.decode.language.base import LanguageModel, Outlook, most_added
from rnnbench.errors import UserError

_ROOT = 0
_OUTSIDE = -1


class _State(NamedTuple):
    """Where a prefix stands.

    Args:
        model: State of the language model after the whole words.
        word: What has been written of the word that is not whole yet.
        node: Where this is in the tree of the lexicon; -1 once no word begins so.
    """

    model: Any
    word: str
    node: int


class WordFusion:
    """Fusion with a language model over words, which speaks when a space or the end of the text makes a word whole.

    The score of a text y for the input x is::

        score(y) = log P(y | x) + alpha log P(words of y) + beta (number of words of y)

    A space that follows no letter adds nothing. A word outside the lexicon counts ``unknown`` in place of its
    log-probability, and pays at the letter from which on no word of the lexicon begins so; without ``unknown`` there
    are no such words (a tree of the lexicon constrains the search), and a text that ends within a word is impossible.

    Args:
        model: The language model.
        labels: The labels of the acoustic model, ``(V,)``; words are spelled with those that are one letter.
        blank: Id of the blank among them.
        lexicon: The words that can be recognised, all of which the model should know; None for all of the model. Those
            that cannot be spelled with the labels are left out, and are named by ``unspelled``.
        unknown: Natural log-probability of a word outside the lexicon; None for no such words. Alpha times this should
            be nearer to 0 than the threshold of the search, or few such words live to be heard to their end.
        alpha: Weight of the language model.
        beta: Added for every word.
    """

    def __init__(
        self,
        model: LanguageModel,
        labels: Sequence[str],
        blank: int = 0,
        lexicon: Iterable[str] | None = None,
        unknown: float | None = None,
        alpha: float = 1.0,
        beta: float = 0.0,
    ) -> None:
        if " " not in labels:
            raise UserError("the labels have no space, so words cannot be told apart", where="lm")
        if unknown is not None and unknown > 0:
            raise UserError(f"is a log-probability, so at most 0; found {unknown}", where="unknown")
        self.most = most_added(alpha, beta)
        self._model = model
        self._labels = list(labels)
        self._space = self._labels.index(" ")
        self._unknown = None if unknown is None else alpha * unknown
        self._alpha = alpha
        self._beta = beta
        known = set(model.words)
        ids = {label: i for i, label in enumerate(labels) if i not in (blank, self._space)}
        self._children: dict[tuple[int, int], int] = {}
        self._whole: set[int] = set()
        self.unspelled: list[str] = []
        for word in model.words if lexicon is None else lexicon:
            if word in known and all(letter in ids for letter in word):
                node = _ROOT
                for letter in word:
                    node = self._children.setdefault((node, ids[letter]), len(self._children) + 1)
                self._whole.add(node)
            else:
                self.unspelled.append(word)
        if not self._whole:
            raise UserError(
                f"no word of the language model can be spelled with the labels {' '.join(sorted(ids))}",
                where="lm",
                hint="is it a model over words, and in the same case?",
            )
        self._rows: dict[int, np.ndarray] = {}

    def start(self) -> Outlook:
        """See `Fusion.start`."""
        return self._outlook(_State(self._model.start(), "", _ROOT))

    def after(self, states: Sequence[_State], tokens: Sequence[int]) -> list[Outlook]:
        """See `Fusion.after`."""
        return [self._outlook(self._grow(state, token)) for state, token in zip(states, tokens, strict=True)]

    def end(self, state: _State) -> float:
        """See `Fusion.end`."""
        word = self._word(state)
        return word if word == -np.inf else word + self._alpha * self._model.end(self._grow(state, self._space).model)

    def _grow(self, state: _State, token: int) -> _State:
        if token != self._space:
            node = self._children.get((state.node, token), _OUTSIDE)
            return _State(state.model, state.word + self._labels[token], node)
        return _State(self._model.advance(state.model, state.word) if state.word else state.model, "", _ROOT)

    def _outlook(self, state: _State) -> Outlook:
        tokens = self._spelling(state.node).copy()
        tokens[self._space] = self._word(state)
        return Outlook(state, tokens)

    def _word(self, state: _State) -> float:
        """What is added when the word of a state is whole now."""
        if not state.word:
            return 0.0
        if state.node in self._whole:
            return self._alpha * self._model.score(state.model, state.word) + self._beta
        if self._unknown is None:
            return -np.inf
        # Outside the tree it has been paid for.
        return self._beta + (0.0 if state.node == _OUTSIDE else self._unknown)

    def _spelling(self, node: int) -> np.ndarray:
        """What each letter adds after a node, ``(V,)``."""
        if node not in self._rows:
            outside = 0.0 if node == _OUTSIDE else -np.inf if self._unknown is None else self._unknown
            children = [(node, token) in self._children for token in range(len(self._labels))]
            self._rows[node] = np.where(children, 0.0, outside)
        return self._rows[node]

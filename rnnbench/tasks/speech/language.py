"""Language models that help to recognise: ARPA files and the runs of text generation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnbench.backbone.state import StackState, map_state, select
from rnnbench.decode.language import (
    BackoffModel,
    Fusion,
    LanguageModel,
    NGramFusion,
    Outlook,
    WordFusion,
    read_arpa,
)
from rnnbench.decode.language.base import most_added
from rnnbench.decode.language.interpolated import with_backoff
from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.baselines.ngram import NGramLanguageModel
from rnnbench.tasks.text_generation.model import TextModel
from rnnbench.tasks.text_generation.trained import load_text_model


def fusion(
    model: BackoffModel | TextModel,
    labels: Sequence[str],
    blank: int = 0,
    alpha: float = 0.5,
    beta: float = 0.0,
    unknown: float | None = None,
) -> Fusion:
    """What a beam search over labels needs to listen to a language model.

    Args:
        model: An n-gram model, or the model of a text-generation run over characters or words.
        labels: The labels of the recogniser, ``(V,)``: characters, or words where none of them is a space.
        blank: Id of the blank among them.
        alpha: Weight of the language model.
        beta: Added for every token, or with a model over words for every word.
        unknown: With a model over words and labels that are characters, the natural log-probability of a word that the
            model does not know; None for no such words.
    """
    of_words = _is_of_words(model)
    if isinstance(model, NGramLanguageModel):
        model = _counted(model)
    if of_words and " " in labels:
        words: LanguageModel = model if isinstance(model, BackoffModel) else RecurrentWords(model)
        return WordFusion(words, labels, blank, unknown=unknown, alpha=alpha, beta=beta)
    if unknown is not None:
        raise UserError("only a model over words, in a search over characters, meets unknown words", where="unknown")
    if isinstance(model, BackoffModel):
        return NGramFusion(model, labels, blank, alpha, beta)
    return RecurrentFusion(model, labels, blank, alpha, beta)


def load_language_model(path: Path) -> BackoffModel | TextModel:
    """A language model from a file.

    Args:
        path: An ARPA file, or the folder of a text-generation run, whose best checkpoint is taken.

    Raises:
        UserError: It is neither.
    """
    if path.is_file():
        return read_arpa(path)
    if not path.is_dir():
        raise UserError(
            "there is no language model", where=f"lm {path}", hint="an ARPA file, or a run of text generation"
        )
    return load_text_model(path, "lm")


def _counted(model: NGramLanguageModel) -> BackoffModel:
    if model.order == 0:
        raise UserError("the uniform model says nothing about a text", where="lm")
    tokenizer = model.tokenizer
    return with_backoff(model.counted, tokenizer.tokens, tokenizer.tokens[_line_end(model)])


def _is_of_words(model: BackoffModel | TextModel) -> bool:
    if isinstance(model, BackoffModel):
        return any(len(word) > 1 and not word.startswith("<") for word in model.words)
    return model.tokenizer.of_words


def _line_end(model: TextModel) -> int:
    """The token that ends a line: a transcript is a line."""
    tokenizer = model.tokenizer
    if tokenizer.level == "byte":
        raise UserError("a language model over bytes cannot help to recognise", where="lm", hint="--data.level char")
    newline = "\n" if tokenizer.level == "char" else ""
    return tokenizer.tokens.index(newline) if newline in tokenizer.tokens else tokenizer.end


class _Row(NamedTuple):
    """State of one prefix: a row of the state of the batch it was made in.

    Args:
        batch: Leaves ``(N, ...)``.
        row: Which of them, ``(1,)``.
        end: Log-probability that the line ends.
    """

    batch: StackState
    row: Tensor
    end: float


class RecurrentFusion:
    """Shallow fusion with a model of a text-generation run over the labels, such as characters.

    All prefixes that have grown are read in one step. A label that the model has never seen is ``<unk>``.

    Args:
        model: The model. A text begins after the end of a line and ends with one.
        labels: The labels, ``(V,)``.
        blank: Id of the blank among them.
        alpha: Weight of the language model.
        beta: Added for every token.
    """

    def __init__(
        self, model: TextModel, labels: Sequence[str], blank: int = 0, alpha: float = 0.5, beta: float = 0.0
    ) -> None:
        self.most = most_added(alpha, beta)
        self._model = model.eval()
        self._line_end = _line_end(model)
        known = {token: index for index, token in enumerate(model.tokenizer.tokens)}
        self.missing = [label for i, label in enumerate(labels) if i != blank and label not in known]
        if len(self.missing) == len(labels) - 1:
            raise UserError(
                f"the language model knows none of the labels {' '.join(self.missing[:10])}",
                where="lm",
                hint="is its text in the same case?",
            )
        self._ids = torch.tensor([known.get(label, model.tokenizer.unknown or 0) for label in labels])
        self._alpha = alpha
        self._beta = beta

    def start(self) -> Outlook:
        """See `Fusion.start`."""
        with torch.inference_mode():
            return self._read(torch.tensor([self._line_end]), self._model.initial_state(1))[0]

    def after(self, states: Sequence[_Row], tokens: Sequence[int]) -> list[Outlook]:
        """See `Fusion.after`."""
        with torch.inference_mode():
            rows = [select(state.batch, state.row) for state in states]
            return self._read(self._ids[list(tokens)], map_state(lambda *leaves: torch.cat(leaves), *rows))

    def end(self, state: _Row) -> float:
        """See `Fusion.end`."""
        return self._alpha * state.end

    def _read(self, tokens: Tensor, state: StackState) -> list[Outlook]:
        """Reads a token each, (N,)."""
        scores, state = self._model.step(tokens, state)
        log_probs = scores.double().log_softmax(1)
        worth = self._alpha * log_probs[:, self._ids].numpy() + self._beta
        ends = log_probs[:, self._line_end].tolist()
        rows = torch.arange(len(tokens)).split(1)
        return [Outlook(_Row(state, row, end), *rest) for row, end, *rest in zip(rows, ends, worth, strict=True)]


class _Heard(NamedTuple):
    """State of a recurrent model over words.

    Args:
        state: Leaves ``(1, ...)``.
        log_probs: Of the next word, (number of words,).
    """

    state: StackState
    log_probs: np.ndarray


class RecurrentWords:
    """The model of a text-generation run over words, as a `LanguageModel`.

    Args:
        model: The model. A text begins after the end of a line and ends with one.
    """

    def __init__(self, model: TextModel) -> None:
        self._model = model.eval()
        self._tokens = model.tokenizer.tokens
        self._ids = {token: index for index, token in enumerate(self._tokens)}
        self._line_end = _line_end(model)

    @property
    def words(self) -> list[str]:
        """See `LanguageModel.words`."""
        others = (self._model.tokenizer.unknown, self._line_end)
        return [token for index, token in enumerate(self._tokens) if index not in others]

    def start(self) -> _Heard:
        """See `LanguageModel.start`."""
        return self._read(self._line_end, self._model.initial_state(1))

    def score(self, state: _Heard, word: str) -> float:
        """See `LanguageModel.score`."""
        return float(state.log_probs[self._ids[word]])

    def advance(self, state: _Heard, word: str) -> _Heard:
        """See `LanguageModel.advance`."""
        return self._read(self._ids.get(word, self._model.tokenizer.unknown or 0), state.state)

    def end(self, state: _Heard) -> float:
        """See `LanguageModel.end`."""
        return float(state.log_probs[self._line_end])

    def _read(self, token: int, state: StackState) -> _Heard:
        with torch.inference_mode():
            scores, state = self._model.step(torch.tensor([token]), state)
            return _Heard(state, scores[0].double().log_softmax(0).numpy())

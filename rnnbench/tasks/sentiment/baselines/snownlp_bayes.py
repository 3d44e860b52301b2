"""The classifier of the Python package SnowNLP, trained on the same split as the other models."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rnnbench.errors import UserError
from rnnbench.tasks.sentiment.baselines.counting import CountingClassifier


class SnowNLPClassifier(CountingClassifier):
    """Naive Bayes over the words that SnowNLP's segmenter finds in Chinese text, its stop words left out.

        log P(c | text) = log(n_c / n) + sum_w log(f_c(w) / n_c) + constant,   f_c(w) = 1 + count of w in class c,
        n_c = sum of f_c(w) over the words w of class c,   n = sum of n_c

    which is what ``snownlp.sentiment`` computes: the prior is a class's share of the words, and a word that a class has
    not shown counts as 1 there without being in n_c.
    """

    tables = ("words", "counts")
    words: Tensor
    """Words ``(N,)`` uint8: UTF-8, each ended by a line feed."""
    counts: Tensor
    """f_c(w) ``(W, C)`` int64, 0 where the class has not shown the word."""

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()
        self._places: dict[str, int] = {}

    def count(self, texts: Sequence[Tensor], classes: Tensor) -> Mapping[str, Tensor]:
        """Counts the words of each class."""
        found = [Counter[str]() for _ in self.labels.names]
        for text, label in zip(texts, classes.tolist(), strict=True):
            found[label].update(self._split(text))
        words = sorted(set().union(*found))
        counts = [[words_of[word] + (word in words_of) for words_of in found] for word in words]
        return {
            "words": torch.tensor(list("".join(f"{word}\n" for word in words).encode()), dtype=torch.uint8),
            "counts": torch.tensor(counts, dtype=torch.int64).reshape(-1, len(found)),
        }

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `TextClassifier.forward`; before the fit all classes are equal."""
        scores = x.new_zeros(len(x), len(self.labels)).double()
        if not len(self.counts):
            return scores
        if not self._places:
            words = bytes(self.words.tolist()).decode().split("\n")[:-1]
            self._places = {word: place for place, word in enumerate(words)}
        totals = self.counts.sum(0).double()
        for row, (text, length) in enumerate(zip(x.cpu(), lengths.tolist(), strict=True)):
            words = self._split(text[:length])
            places = [self._places[word] for word in words if word in self._places]
            seen = self.counts[torch.tensor(places, dtype=torch.int64, device=x.device)].clamp(min=1)
            scores[row] = seen.double().log().sum(0) + totals.log() * (1 - len(words)) - math.log(totals.sum())
        return scores

    def model_name(self) -> str:
        """Whose model it is."""
        return "naive Bayes of SnowNLP"

    def _split(self, text: Tensor) -> list[str]:
        """The words of a text; a line feed stands in none."""
        try:
            from snownlp import normal, seg
        except ImportError:
            raise UserError(
                "SnowNLP's classifier needs the package snownlp", where="model", hint="pip install 'rnnbench[snownlp]'"
            ) from None
        # A character that is not in the vocabulary is a character all the same.
        text = text.where(text != self.encoder.unknown, -1)
        joined = "".join(self.encoder.decode([i]) if i >= 0 else "\N{REPLACEMENT CHARACTER}" for i in text.tolist())
        return list(normal.filter_stop(seg.seg(joined.replace("\n", " "))))

"""Classifiers that are computed from the whole training split at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor

from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.sentiment.data import SentimentData
from rnnbench.tasks.sentiment.model import TextClassifier


class CountingClassifier(CountingModel[SentimentData], TextClassifier):
    """A classifier without an optimizer. Subclasses write `tables`, `count` and `forward`."""

    @abstractmethod
    def count(self, texts: Sequence[Tensor], classes: Tensor) -> Mapping[str, Tensor]:
        """The buffers by name.

        Args:
            texts: Ids ``(T,)`` of every text.
            classes: Their classes ``(N,)`` int64.
        """

    def count_split(self) -> Mapping[str, Tensor]:
        """See `CountingModel.count_split`."""
        train = self.data.splits["train"]
        return self.count(train.tokens, train.classes)

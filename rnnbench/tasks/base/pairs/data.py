"""Pairs of texts, a source and a target that answers it, as samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch, pad, places_within
from rnnbench.data.batches.bucket import Budget
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.column_names import ColumnNames
from rnnbench.data.kept import Kept, short_hash
from rnnbench.data.lazy import Chosen
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Provider, Split
from rnnbench.data.text.encoded import encoded
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.tasks.base.bucketed import BucketedData


class Pair(Protocol):
    """What an application keeps of a pair."""

    @property
    def source(self) -> Any:
        """What is read: a text, or turns of a dialogue."""

    @property
    def target(self) -> str:
        """What is written."""


P = TypeVar("P", bound=Pair)


class Side(NamedTuple, Generic[P]):
    """How ids are made of one side of a pair."""

    encode: Callable[[P], Tensor]
    """A pair -> ids, of a source ``(S,)`` with ``<eos>``, of a target ``(T + 1,)`` with ``<bos>`` and ``<eos>``."""
    size: int
    """How many different ids there are."""


class TextPairs:
    """The pairs of a split; called with some of their numbers, it makes a batch of them.

    Args:
        sources: Ids ``(S,)`` of every source, with ``<eos>``.
        targets: Ids ``(T + 1,)`` of every target, with ``<bos>`` and ``<eos>``.
    """

    def __init__(self, sources: Sequences, targets: Sequences) -> None:
        self.sources = sources
        self.targets = targets
        self.lengths = np.stack([self.sources.lengths, self.targets.lengths - 1], 1)

    def __call__(self, samples: list[int], epoch: int) -> PairBatch:
        """The batch of these pairs, the same in every epoch."""
        source, source_lengths = pad(self.sources.take(samples), TextEncoder.pad)
        target, marked_lengths = pad(self.targets.take(samples), TextEncoder.pad)
        lengths = marked_lengths - 1
        return PairBatch(
            source, source_lengths, target, lengths, torch.tensor(samples), int(lengths.sum()), places_within(lengths)
        )


class PairData(BucketedData[TextPairs], Generic[P]):
    """Pairs of a source, in batches of about equal lengths. Subclasses write `read`, `spec` and `sides`.

    `columns`: what columns are called in the data. `max_length`: pairs of training in which either side has more tokens
    are left out; None for no limit.

    Args:
        source: Where the pairs come from.
        budget: Size of a batch.
        num_workers: Processes that read ahead.
        vectors: Pretrained word vectors: a file, or the name of a card; None for none.
    """

    columns: ColumnNames | None
    max_length: int | None

    def __init__(self, source: Provider, budget: Budget, num_workers: int = 0, vectors: str | None = None) -> None:
        super().__init__(source, budget, num_workers, vectors)
        self._pairs: dict[Split, Sequence[P]] = {}

    @abstractmethod
    def sides(self) -> tuple[Side[P], Side[P]]:
        """How ids are made of source and target, by all that `spec` says."""

    def pairs(self, split: Split) -> Sequence[P]:
        """The pairs of a split, in the order of a batch's ids: as they are in the data."""
        return self._pairs[split]

    def encode_split(self, split: Split, pairs: Sequence[P], kept: Kept, left_out: LeftOut) -> TextPairs:
        """The samples of a split: of training those that have something on both sides, and not too much.

        Args:
            split: The split.
            pairs: Its pairs.
            kept: What is made of these data.
            left_out: Takes those that are left out.
        """
        depends = short_hash([self.columns, self.spec])
        sources, targets = (
            encoded(pairs, lambda pair, side=side: side.encode(pair).numpy(), side.size, kept, f"{split}-{n}-{depends}")  # type: ignore[misc]
            for n, side in zip(("sources", "targets"), self.sides(), strict=True)
        )
        self._pairs[split] = pairs
        if split != "train":
            return TextPairs(sources, targets)
        # Without the marks of beginning and end, which are no one's words.
        lengths = np.stack([sources.lengths - 1, targets.lengths - 2], 1)
        stay = left_out.apply_limit(split, lengths, self.max_length, "drop")
        empty = (lengths[stay] == 0).any(1)
        for number in stay[empty].tolist():
            left_out.add(split, number, "an empty line", "dropped")
        stay = stay[~empty]
        self._pairs[split] = Chosen(pairs, stay)
        return TextPairs(sources.chosen(stay), targets.chosen(stay))


def encode_source(encoder: TextEncoder, text: str) -> Tensor:
    """Ids ``(S,)`` of a text that is answered, with ``<eos>`` at its end."""
    return torch.from_numpy(np.append(encoder.encode(text), encoder.end))


def encode_target(encoder: TextEncoder, text: str) -> Tensor:
    """Ids ``(T + 1,)`` of an answer between ``<bos>`` and ``<eos>``."""
    return torch.from_numpy(np.concatenate([[encoder.begin], encoder.encode(text), [encoder.end]]))

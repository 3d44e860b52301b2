"""Pairs of texts, a source and a target that answers it, as samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch, pad, places_within
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Split
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


class TextPairs(Generic[P]):
    """The pairs of a split; called with some of their numbers, it makes a batch of them.

    Args:
        pairs: The pairs as they are in the data.
        sources: Ids ``(S,)`` of every source, with ``<eos>``.
        targets: Ids ``(T + 1,)`` of every target, with ``<bos>`` and ``<eos>``.
    """

    def __init__(self, pairs: list[P], sources: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
        self.pairs = pairs
        self.sources = Sequences(sources)
        self.targets = Sequences(targets)
        self.lengths = np.stack([self.sources.lengths, self.targets.lengths - 1], 1)

    def __call__(self, samples: list[int], epoch: int) -> PairBatch:
        """The batch of these pairs, the same in every epoch."""
        source, source_lengths = pad([self.sources[i] for i in samples], TextEncoder.pad)
        target, marked_lengths = pad([self.targets[i] for i in samples], TextEncoder.pad)
        lengths = marked_lengths - 1
        return PairBatch(
            source, source_lengths, target, lengths, torch.tensor(samples), int(lengths.sum()), places_within(lengths)
        )


class PairData(BucketedData[TextPairs[P]], Generic[P]):
    """Pairs of a source, in batches of about equal lengths. Subclasses write `read`, `spec` and `encode`.

    `max_length`: pairs of training in which either side has more tokens are left out; None for no limit.
    """

    max_length: int | None

    @abstractmethod
    def encode(self, pair: P) -> tuple[Tensor, Tensor]:
        """Ids ``(S,)`` of the source with ``<eos>``, and ``(T + 1,)`` of the target with ``<bos>`` and ``<eos>``."""

    def pairs(self, split: Split) -> list[P]:
        """The pairs of a split, in the order of a batch's ``ids``: as they are in the data."""
        return self.splits[split].pairs

    def encode_split(self, split: Split, pairs: list[P], left_out: LeftOut) -> TextPairs[P]:
        """The samples of a split: of training those that have something on both sides, and not too much.

        Args:
            split: The split.
            pairs: Its pairs.
            left_out: Takes those that are left out.
        """
        coded = [self.encode(pair) for pair in pairs]
        if split != "train":
            return TextPairs(pairs, *_sides(coded))
        # Without the marks of beginning and end, which are no one's words.
        lengths = [(len(source) - 1, len(target) - 2) for source, target in coded]
        kept = []
        for number in left_out.apply_limit(split, lengths, self.max_length, "drop").tolist():
            if 0 in lengths[number]:
                left_out.add(split, number, "an empty line", "dropped")
            else:
                kept.append(number)
        return TextPairs([pairs[number] for number in kept], *_sides([coded[number] for number in kept]))


def _sides(coded: Sequence[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    return [source for source, _ in coded], [target for _, target in coded]


def encode_source(encoder: TextEncoder, text: str) -> Tensor:
    """Ids ``(S,)`` of a text that is answered, with ``<eos>`` at its end."""
    return torch.from_numpy(np.append(encoder.encode(text), encoder.end))


def encode_target(encoder: TextEncoder, text: str) -> Tensor:
    """Ids ``(T + 1,)`` of an answer between ``<bos>`` and ``<eos>``."""
    return torch.from_numpy(np.concatenate([[encoder.begin], encoder.encode(text), [encoder.end]]))

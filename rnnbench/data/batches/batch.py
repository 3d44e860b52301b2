"""Batches: named tuples of tensors, which Lightning pins, moves and types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

IGNORED = -100
"""Target of a position that is padding: the value that torch's losses leave out."""


class Batch(Protocol):
    """What the platform needs of a batch, whatever an application puts into it besides: how much of it is real."""

    @property
    def tokens(self) -> int:
        """Number of its real units, which the application's card names; 0 for a batch that counts for nothing.

        Never padding, and a plain number, so that no device has to be asked for it.
        """


class SampleBatch(Batch, Protocol):
    """A batch of samples that have numbers, as the loaders of `rnnbench.data.batches.bucket_loader` make it."""

    @property
    def ids(self) -> Tensor:
        """``(B,)`` int64 numbers of the samples in their split; -1 for one that counts for nothing in evaluation."""

    @property
    def _replace(self) -> Callable[..., Any]:
        """Makes the same tuple with other fields."""


class StripBatch(NamedTuple):
    """One window over parallel strips of a token stream; the next window goes on where this one ends.

    B strips, T positions.
    """

    x: Tensor
    """``(B, T)`` int64: the token before each target."""
    y: Tensor
    """``(B, T)`` int64: targets; `IGNORED` where a strip has ended."""
    starts: Tensor
    """``(B,)`` bool: strips that begin with this window, whose state is to be reset."""
    place: Tensor
    """``()`` int64: place of the window in the whole data set, on whichever process it is read; -1 for a window that
    holds nothing."""

    tokens: int
    """Number of targets that are not padding; a plain number, so that no device has to be asked for it."""


def empty_strip_batch() -> StripBatch:
    """A window without a target, for a process that has nothing to read while others have."""
    return StripBatch(
        x=torch.zeros(1, 1, dtype=torch.int64),
        y=torch.full((1, 1), IGNORED),
        starts=torch.ones(1, dtype=torch.bool),
        place=torch.tensor(-1),
        tokens=0,
    )


class SequenceBatch(NamedTuple):
    """Sequences of different lengths with their targets: of each sequence one, or of each position one.

    An application with more than that (a source and a target, features of characters) writes a tuple of its own; what
    the loaders of `rnnbench.data.batches.bucket_loader` and the platform rely on are the fields ``ids`` and ``tokens``.
    """

    x: Tensor
    """``(B, T)`` int64 token ids, or ``(B, T, F)`` features; past the end of a sequence stands padding."""
    lengths: Tensor
    """``(B,)`` int64."""
    y: Tensor
    """``(B,)`` int64 classes; or ``(B, T)`` int64 tags, `IGNORED` past the end of a sequence."""
    ids: Tensor
    """``(B,)`` int64: number of each sample in its split, on whichever process it is read; -1 for one that counts for
    nothing in evaluation."""
    tokens: int
    """Sum of the lengths; a plain number, so that no device has to be asked for it."""


def places_within(lengths: Tensor) -> Tensor:
    """Where sequences of these lengths ``(B,)`` are in a table of ``B * max T`` places, row by row: ``(M,)`` int64.

    Worked out where a batch is made, on the CPU: on a GPU a mask would have to be counted, and the host to wait for it.
    """
    steps = int(lengths.max()) if len(lengths) else 0
    return (torch.arange(steps, device=lengths.device) < lengths[:, None]).flatten().nonzero()[:, 0]


class PairBatch(NamedTuple):
    """Sentences with their translations. B pairs, S source tokens, T target tokens."""

    source: Tensor
    """``(B, S)`` int64 token ids; every sentence ends with ``<eos>``, then comes padding."""
    source_lengths: Tensor
    """``(B,)`` int64, at least 1: ``<eos>`` is counted."""
    target: Tensor
    """``(B, T + 1)`` int64 token ids: ``<bos>``, the translation, ``<eos>``, then padding. A decoder reads
    ``target[:, :-1]`` and predicts ``target[:, 1:]``."""
    target_lengths: Tensor
    """``(B,)`` int64: number of predicted tokens, ``<eos>`` among them and ``<bos>`` not."""
    ids: Tensor
    """``(B,)`` int64: number of each pair in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of predicted tokens M, the sum of ``target_lengths``."""
    places: Tensor
    """``(M,)`` int64, see `places_within`: where a token is predicted."""


class TaggingBatch(NamedTuple):
    """Sentences with their tags. B sentences, T tokens, U different words, C characters."""

    x: Tensor
    """``(B, T)`` int64 token ids, 0 past the end."""
    lengths: Tensor
    """``(B,)`` int64."""
    y: Tensor
    """``(B, T)`` int64 tags, `IGNORED` past the end; tags that training does not have come after the others."""
    novel: Tensor
    """``(B, T)`` bool: tokens, or first characters of words, that are not in the training split."""
    ids: Tensor
    """``(B,)`` int64: number of each sentence in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Sum of the lengths."""
    bigrams: Tensor | None = None
    """``(B, T + 1)`` int64: the pair of each token and the one before; the last one of each sentence has its end."""
    spelled: Tensor | None = None
    """``(B, T)`` int64: which row of ``characters`` spells the token; 0 past the end."""
    characters: Tensor | None = None
    """``(U, C)`` int64: characters of every word that occurs in the batch, once."""
    character_lengths: Tensor | None = None
    """``(U,)`` int64."""


def pad(sequences: Sequence[Tensor], value: float) -> tuple[Tensor, Tensor]:
    """Sequences of different lengths as one tensor.

    Args:
        sequences: B tensors ``(T_i, ...)``, equal in all but their first size.
        value: What stands past the end of a sequence: the id of ``<pad>``, `IGNORED` for targets, 0 for features.

    Returns:
        ``(B, T, ...)`` with the longest T, and the lengths ``(B,)`` int64.
    """
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    return pad_sequence(list(sequences), batch_first=True, padding_value=value), lengths

"""Texts of one split, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import pad, places_within
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.text.encoder import TextEncoder


class ClozeBatch(NamedTuple):
    """B texts of up to T tokens, every one of which is left out in turn: M blanks."""

    x: Tensor
    """``(B, T + 2)`` int64: ``<bos>``, the text, ``<eos>``, then padding."""
    lengths: Tensor
    """``(B,)`` int64, at least 1: tokens of each text, without the marks of its ends."""
    places: Tensor
    """``(M,)`` int64, see `places_within`: where in ``(B, T)`` there is a token."""
    y: Tensor
    """``(M,)`` int64: the tokens, text by text."""
    ids: Tensor
    """``(B,)`` int64: number of each text in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of tokens M."""


class Texts:
    """The texts of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        texts: Ids ``(T,)`` of each, without the marks of its ends.
    """

    def __init__(self, texts: Sequence[NDArray]) -> None:
        self._texts = Sequences(texts)

    @property
    def lengths(self) -> NDArray:
        """Tokens of each ``(N,)``."""
        return self._texts.lengths

    def __call__(self, samples: list[int], epoch: int) -> ClozeBatch:
        """The batch of some texts."""
        return as_batch([self._texts[i] for i in samples], samples)

    def __getitem__(self, number: int) -> Tensor:
        """Ids ``(T,)`` of one text."""
        return self._texts[number]


def as_batch(texts: Sequence[Tensor], numbers: Sequence[int]) -> ClozeBatch:
    """Texts, each with its ids ``(T,)`` and its number, as a batch."""
    begin, end = (torch.tensor([mark]) for mark in (TextEncoder.begin, TextEncoder.end))
    x, marked = pad([torch.cat([begin, text, end]) for text in texts], TextEncoder.pad)
    lengths, y = marked - 2, torch.cat(list(texts))
    return ClozeBatch(x, lengths, places_within(lengths), y, torch.tensor(numbers), len(y))

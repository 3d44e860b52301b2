"""Batches of samples of about equal length: how they are formed, shuffled and dealt out to processes.

Everything here is a pure function of the lengths, the seed and the epoch, so all processes form the same batches, and
where an interrupted epoch goes on is only a number. `rnnbench.data.batches.bucket_loader` reads the samples.

- In training, samples are sorted by length, but samples of nearly the same length (a bucket) stand in random order,
  anew in every epoch. The sorted samples are cut into batches. Where the cuts lie follows from the longest sample of
  each bucket, so an epoch has as many batches as any other. As many neighbours as there are processes make a step, so
  that none waits for another that reads longer samples, and the steps are shuffled.
- In evaluation, samples are sorted by length and cut; nothing is random.

A sample may have several lengths, such as those of a source and a target sentence: then ``lengths`` is ``(N, K)``, each
column is padded on its own, and a budget counts the sum of all.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnbench.errors import UserError

Samples = NDArray[np.int64]
"""Numbers of the samples of one batch."""

_SPREAD = 1.04
"""Longest over shortest length of a bucket; up to 25, every length is a bucket of its own."""


class Part(NamedTuple):
    """Steps at the beginning of an epoch, or of what an earlier part left of it, that were trained together."""

    processes: int
    """How many processes took a batch in every step."""
    steps: int
    """Number of the steps."""


class Budget:
    """How large a batch of one process may be: by padded tokens, by samples, or by both.

    Args:
        max_tokens: Most tokens of a batch, padding included.
        batch_size: Most samples of a batch.
    """

    def __init__(self, max_tokens: int | None = None, batch_size: int | None = None) -> None:
        if max_tokens is None and batch_size is None:
            raise UserError("a batch needs a limit", where="data.max_tokens", hint="give max_tokens or batch_size")
        for name, value in (("max_tokens", max_tokens), ("batch_size", batch_size)):
            if value is not None and value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"data.{name}")
        self.max_tokens = max_tokens
        self.batch_size = batch_size

    def most(self, longest: Sequence[int]) -> int:
        """How many samples a batch may have; 0 where one alone is over the budget.

        Args:
            longest: Longest length of each column.
        """
        limits = [] if self.batch_size is None else [self.batch_size]
        if self.max_tokens is not None:
            # An empty sample still takes a place.
            limits.append(self.max_tokens // max(sum(longest), 1))
        return min(limits)

    def options(self) -> str:
        """The options that decide the size, with their values: what to lower where memory is short."""
        given = {"data.max_tokens": self.max_tokens, "data.batch_size": self.batch_size}
        return " or ".join(f"--{name} (now {value})" for name, value in given.items() if value is not None)


class TrainingBatches:
    """The batches of every epoch of training, of all processes together.

    Args:
        lengths: Length of each sample ``(N,)``, or lengths ``(N, K)``.
        budget: Size of a batch.
        seed: Seed of the order.
    """

    def __init__(self, lengths: ArrayLike, budget: Budget, seed: int) -> None:
        self._lengths = _columns(lengths)
        _check_fits(self._lengths, budget)
        self._seed = seed
        self.budget = budget
        places = np.stack([np.searchsorted(_edges(column.max()), column) for column in self._lengths.T], 1)
        self._bucket = _ranks(_snake(places))
        longest = np.zeros((self._bucket.max() + 1, self._lengths.shape[1]), dtype=np.int64)
        np.maximum.at(longest, self._bucket, self._lengths)
        self._longest = longest
        self._ends = _cut(longest[np.sort(self._bucket)], budget)

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def signature(self) -> str:
        """Stands for samples, budget and seed: where it is equal, so are the batches of every epoch."""
        cut = np.array([self._seed, *self._ends], dtype=np.int64)
        return f"{zlib.crc32(cut.tobytes(), zlib.crc32(np.ascontiguousarray(self._lengths).tobytes())):08x}"

    def epoch(self, epoch: int) -> list[Samples]:
        """All batches of one epoch, as a single process trains them.

        Args:
            epoch: Number of the epoch, from 0.
        """
        return [batch for step in self.steps(epoch) for batch in step]

    def steps(self, epoch: int, processes: int = 1, before: Sequence[Part] = ()) -> list[list[Samples]]:
        """What is to be trained of one epoch: for each step at most one batch a process, all of about equal length.

        Only one step of a part has fewer batches than there are processes.

        Args:
            epoch: Number of the epoch, from 0.
            processes: Number of processes.
            before: What other numbers of processes have trained of it.
        """
        random = np.random.default_rng((self._seed, epoch))
        order = np.lexsort((random.permutation(len(self._lengths)), self._bucket))
        batches = np.split(order, self._ends[:-1])
        left: Sequence[int] = range(len(batches))
        for part in before:
            left = sorted(i for step in _steps(left, part.processes, random)[part.steps :] for i in step)
        return [[batches[i] for i in step] for step in _steps(left, processes, random)]

    def largest(self) -> Samples:
        """A batch as large as any of any epoch: with the most padded tokens, and among such ones the longest."""
        order = np.argsort(self._bucket, kind="stable")
        sizes = []
        for start, end in zip([0, *self._ends[:-1]], self._ends, strict=True):
            longest = self._longest[self._bucket[order[start:end]]].max(0).sum()
            sizes.append(((end - start) * longest, longest, start, end))
        _, _, start, end = max(sizes)
        # Any sample of the buckets that this batch touches may come into it.
        touched = np.flatnonzero(np.isin(self._bucket, self._bucket[order[start:end]]))
        extremes = touched[self._lengths[touched].argmax(0)]
        rest = np.setdiff1d(order[start:end], extremes)
        return np.concatenate([np.unique(extremes), rest])[: end - start]

    @functools.cached_property
    def padding_waste(self) -> float:
        """Share of padding among all places of the first epoch's batches."""
        return padding_waste(self._lengths, self.epoch(0))


def evaluation_batches(lengths: ArrayLike, budget: Budget) -> list[Samples]:
    """Every sample in one batch, longest first; a sample over the budget is a batch of its own.

    Args:
        lengths: Length of each sample ``(N,)``, or lengths ``(N, K)``.
        budget: Size of a batch.
    """
    columns = _columns(lengths)
    # lexsort takes the last key for the first, and is stable: equal lengths stay in the order of the data.
    order = np.lexsort(_snake(-columns).T[::-1])
    return np.split(order, _cut(columns[order], budget)[:-1])


def padding_waste(lengths: ArrayLike, batches: Sequence[Samples]) -> float:
    """Share of places that hold padding.

    Args:
        lengths: Length of each sample ``(N,)``, or lengths ``(N, K)``.
        batches: Batches.
    """
    columns = np.atleast_2d(np.asarray(lengths, dtype=np.int64).T).T
    sizes = np.array([len(batch) for batch in batches])
    read = columns[np.concatenate(batches)]
    longest = np.maximum.reduceat(read, sizes.cumsum() - sizes)
    return 1 - int(read.sum()) / max(int(sizes @ longest.sum(1)), 1)


def _steps(batches: Sequence[int], processes: int, random: np.random.Generator) -> list[Sequence[int]]:
    """Neighbours of sorted batches as steps, in random order."""
    steps = [batches[start : start + processes] for start in range(0, len(batches), processes)]
    return [steps[i] for i in random.permutation(len(steps))]


def _columns(lengths: ArrayLike) -> NDArray[np.int64]:
    """Lengths as ``(N, K)``."""
    columns = np.atleast_2d(np.asarray(lengths, dtype=np.int64).T).T
    if len(columns) == 0:
        raise UserError("there is no sample to make batches of")
    if columns.min() < 0:
        raise ValueError("a length is negative")
    return columns


def _check_fits(columns: NDArray[np.int64], budget: Budget) -> None:
    longest = int(columns.sum(1).argmax())
    if not budget.most(columns[longest].tolist()):
        raise UserError(
            f"sample {longest} has {columns[longest].sum()} tokens, and a batch may have {budget.max_tokens}",
            where="data.max_tokens",
            hint="raise it, or leave long samples out with data.max_length",
        )


def _edges(longest: int) -> NDArray[np.int64]:
    """Longest length of each bucket."""
    edges = [0]
    while edges[-1] < longest:
        edges.append(max(edges[-1] + 1, int((edges[-1] + 1) * _SPREAD)))
    return np.array(edges)


def _snake(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keys by which the later columns run up and down in turns, so that neighbours are near in every column."""
    keys = keys.copy()
    for column in range(1, keys.shape[1]):
        keys[:, column] *= 1 - 2 * (_ranks(keys[:, :column]) % 2)
    return keys


def _ranks(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each row of ``(N, K)`` among the distinct ones in sorted order ``(N,)``.

    `numpy.unique` tells it, too, but takes several times as long over rows.
    """
    order = np.lexsort(keys.T[::-1])
    found = keys[order]
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.concatenate([[0], (found[1:] != found[:-1]).any(1).cumsum()])
    return ranks


def _cut(lengths: NDArray[np.int64], budget: Budget) -> list[int]:
    """Where each batch ends, if sorted samples of these lengths are taken as long as they fit."""
    changes = (np.flatnonzero((lengths[1:] != lengths[:-1]).any(1)) + 1).tolist()
    ends: list[int] = []
    start, longest = 0, [0] * lengths.shape[1]
    # Run by run of equal lengths, of which there are few: samples may be many millions.
    for i, end in itertools.pairwise([0, *changes, len(lengths)]):
        row = lengths[i].tolist()
        while i < end:
            grown = list(map(max, longest, row))
            if i > start and i >= start + budget.most(grown):
                ends.append(i)
                start, longest = i, [0] * len(row)
            else:
                # A lone sample over the budget is a batch.
                i, longest = min(max(start + budget.most(grown), i + 1), end), grown
    return [*ends, len(lengths)]

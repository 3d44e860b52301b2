"""Recordings of one split, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.audio.augment import Augmentation
from rnnbench.data.audio.features import Features, Frames, moments, normalized, statistics
from rnnbench.data.audio.recording import Recording, Samples, read_audio
from rnnbench.data.batches.batch import pad
from rnnbench.data.batches.sequences import Sequences

Normalizer = tuple[Frames, Frames]
"""Mean and standard deviation ``(F,)`` of features."""


class SpeechBatch(NamedTuple):
    """Recordings with their transcripts."""

    x: Tensor
    """``(B, T, F)`` features; zero past the end of a recording."""
    lengths: Tensor
    """``(B,)`` int64: number of frames."""
    y: Tensor
    """``(sum of U,)`` int64: tokens of all transcripts, one after the other."""
    y_lengths: Tensor
    """``(B,)`` int64: number of tokens of each."""
    ids: Tensor
    """``(B,)`` int64: number of each recording in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of frames; a plain number, so that no device has to be asked for it."""


class Utterance(NamedTuple):
    """A recording with its transcript."""

    recording: Recording
    text: str
    tokens: NDArray[np.int64]
    """``(U,)``."""
    samples: int
    """How many there are, at the sample rate of the features."""
    row: int
    """Number of its row in the source."""


class Utterances:
    """The recordings of a split; called with some of their numbers, it makes a batch of them.

    Args:
        utterances: The recordings.
        features: Which features are computed.
        normalizers: Statistics of each recording's speaker, or the same for all; None where each has its own.
        augment: How recordings are changed; None leaves them as they are.
        seed: Seed of the changes.
        seen: What `read_utterance` gave of each, to stay in memory; None reads a recording whenever it is asked for.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        features: Features,
        normalizers: Sequence[Normalizer] | None = None,
        augment: Augmentation | None = None,
        seed: int = 0,
        seen: Sequence[Samples | Frames] | None = None,
    ) -> None:
        self.utterances = utterances
        self.features = features
        self.normalizers = normalizers
        self._augment = augment
        self._seed = seed
        # Flat, because every array that goes to another process on its own takes a descriptor there.
        kept = None if seen is None else Sequences(seen)
        self._kept_samples = kept if changes_samples(augment) else None
        self._kept_frames = None if changes_samples(augment) else kept

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Most frames ``(N,)`` that each recording can have."""
        slowest = min(self._augment.speeds) if self._augment is not None else 1.0
        samples = np.array([one.samples for one in self.utterances], dtype=np.int64)
        return self.features.num_frames(np.ceil(samples / slowest).astype(np.int64))

    @property
    def seconds(self) -> float:
        """How long all recordings are together."""
        return sum(one.samples for one in self.utterances) / self.features.sample_rate

    def frames(self, number: int, epoch: int | None = None) -> Frames:
        """Features of a recording, normalised.

        Args:
            number: Its number.
            epoch: The epoch whose changes are made; None makes none.
        """
        normalizer = None if self.normalizers is None else self.normalizers[number]
        augment = self._augment
        if augment is None or epoch is None:
            return normalize(self.features, self.raw_frames(number), normalizer)
        random = np.random.default_rng((self._seed, epoch, number))
        if augment.changes_samples:
            frames = self.features.compute(augment.samples(self._samples(number), random))
        else:
            frames = self.raw_frames(number)
        return augment.frames(normalize(self.features, frames, normalizer), random)

    def raw_frames(self, number: int) -> Frames:
        """Features of a recording as they are."""
        if self._kept_frames is not None:
            return self._kept_frames[number].numpy()
        return self.features.compute(self._samples(number))

    def __call__(self, samples: list[int], epoch: int) -> SpeechBatch:
        """The batch of some recordings."""
        tokens = [torch.from_numpy(self.utterances[i].tokens) for i in samples]
        x, lengths = as_batch([self.frames(i, epoch) for i in samples])
        return SpeechBatch(
            x=x,
            lengths=lengths,
            y=torch.cat(tokens),
            y_lengths=torch.tensor([len(one) for one in tokens]),
            ids=torch.tensor(samples),
            tokens=int(lengths.sum()),
        )

    def _samples(self, number: int) -> Samples:
        if self._kept_samples is not None:
            return self._kept_samples[number].numpy()
        return read_audio(self.utterances[number].recording, self.features.sample_rate)


def changes_samples(augment: Augmentation | None) -> bool:
    """Whether a change is one of the sound itself, so that features have to be computed anew."""
    return augment is not None and augment.changes_samples


def read_utterance(one: Utterance, features: Features, augment: Augmentation | None) -> Samples | Frames:
    """What stays in memory of a recording: its features ``(T, F)``, or its samples ``(N,)`` where these are changed.

    Args:
        one: The recording.
        features: Which features are computed.
        augment: How recordings are changed.

    Raises:
        UserError: It cannot be read.
    """
    samples = read_audio(one.recording, features.sample_rate)
    return samples if changes_samples(augment) else features.compute(samples)


def normalize(features: Features, frames: Frames, normalizer: Normalizer | None) -> Frames:
    """Features ``(T, F)`` made comparable, as the options want it.

    Args:
        features: The options.
        frames: The features.
        normalizer: Statistics of more than this recording; None where it has its own.
    """
    if features.normalize == "none":
        return frames
    if normalizer is None:
        normalizer = statistics(*moments(frames), len(frames))
    return normalized(frames, *normalizer)


def as_batch(frames: Sequence[Frames]) -> tuple[Tensor, Tensor]:
    """Features of recordings as ``(B, T, F)`` and lengths ``(B,)``; T is at least 1, even where none has any."""
    x, lengths = pad([torch.from_numpy(one) for one in frames], 0.0)
    return (x if x.shape[1] else x.new_zeros(len(frames), 1, x.shape[2])), lengths

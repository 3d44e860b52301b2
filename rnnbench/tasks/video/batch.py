"""Clips of one split, and batches of them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import places_within
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.clips.clip import Clip
from rnnbench.data.images.maps import read_maps
from rnnbench.data.images.picture import Fit, Pixels, as_images
from rnnbench.data.source import Row


class VideoBatch(NamedTuple):
    """B clips of N frames in all."""

    frames: Tensor
    """All frames, clip by clip, none of them padding: pixels ``(N, 3, S, S)`` uint8, or an encoder's own maps
    ``(N, M, rows, columns)``."""
    lengths: Tensor
    """``(B,)`` int64, at least 1."""
    places: Tensor
    """``(N,)`` int64, see `places_within`: where in ``(B, T)`` each frame stands."""
    y: Tensor
    """``(N,)`` int64 classes of frames; ``(N, C)``, 1 where a class holds, if several may; or ``(B,)`` of clips."""
    hidden: Tensor
    """``(N,)`` bool: frames in which what is asked for cannot be seen, as far as the data say so."""
    numbers: Tensor
    """``(N,)`` int64: number of each frame in its split."""
    ids: Tensor
    """``(B,)`` int64: number of each clip in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of frames N."""


class ReadClip(NamedTuple):
    """A clip whose labels fit it."""

    clip: Clip
    y: NDArray[np.int64]
    """``(T,)`` classes of frames, ``(T, C)`` where several may hold, or ``(1,)`` of the clip."""
    hidden: NDArray[np.bool_]
    """``(T,)``."""


class Clips:
    """The clips of a split; called with some of their numbers, it makes a batch of them, the same in every epoch.

    Args:
        clips: The clips.
        size: Pixels S of a side.
        fit: How a frame becomes a square.
        rate: Frames a second that are read; None for those that a clip has.
        pixels: Frames ``(T, S, S, 3)`` of each, where they are kept in memory; None reads a clip whenever it is asked
            for.
    """

    def __init__(
        self,
        clips: Sequence[ReadClip],
        size: int,
        fit: Fit,
        rate: float | None = None,
        pixels: Sequence[NDArray[np.uint8]] | None = None,
    ) -> None:
        self.clips = [one.clip for one in clips]
        self.y = Sequences([one.y for one in clips])
        self.hidden = Sequences([one.hidden for one in clips])
        self.size = size
        self.fit: Fit = fit
        self.rate = rate
        self._pixels = None if pixels is None else Sequences(pixels)
        self._maps: Path | None = None
        self._ends = self.lengths.cumsum()

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``: frames of each."""
        return self.hidden.lengths

    @property
    def count(self) -> int:
        """Number of all frames."""
        return int(self.lengths.sum())

    def frames(self, number: int) -> NDArray[np.uint8]:
        """The frames of a clip ``(T, S, S, 3)``."""
        if self._pixels is not None:
            return self._pixels[number].numpy()
        return read_frames(self.clips[number], self.size, self.fit, self.rate)

    def pixels(self, number: int) -> Pixels:
        """One of all frames ``(S, S, 3)``, counted through the clips."""
        clip = int(np.searchsorted(self._ends, number, side="right"))
        return self._last(clip)[number - int(self._ends[clip] - self.lengths[clip])]

    def identities(self) -> Iterator[Row]:
        """What stands for the content of each clip."""
        return ({"clip": clip.identity(), "rate": self.rate} for clip in self.clips)

    def use_maps(self, file: Path) -> None:
        """Puts maps into batches from now on, in place of frames, which then need no place in memory.

        Args:
            file: Where `rnnbench.data.images.maps.write_maps` has written them.
        """
        self._maps = file

    def __call__(self, samples: list[int], epoch: int) -> VideoBatch:
        """The batch of these clips."""
        lengths = torch.from_numpy(self.lengths[samples])
        numbers = [int(self._ends[i]) - place for i in samples for place in range(int(self.lengths[i]), 0, -1)]
        return VideoBatch(
            frames=self._inputs(samples, numbers),
            lengths=lengths,
            places=places_within(lengths),
            y=torch.cat([self.y[i] for i in samples]),
            hidden=torch.cat([self.hidden[i] for i in samples]),
            numbers=torch.tensor(numbers),
            ids=torch.tensor(samples),
            tokens=int(lengths.sum()),
        )

    def _inputs(self, samples: list[int], numbers: list[int]) -> Tensor:
        if self._maps is None:
            return as_images([frame for i in samples for frame in self.frames(i)])
        return torch.from_numpy(read_maps(self._maps, numbers)).permute(0, 3, 1, 2)

    # Frames are asked for one after the other.
    @functools.lru_cache(maxsize=2)  # noqa: B019 - the clips live as long as the training
    def _last(self, clip: int) -> NDArray[np.uint8]:
        return self.frames(clip)


def read_frames(clip: Clip, size: int, fit: Fit, rate: float | None) -> NDArray[np.uint8]:
    """All frames of a clip ``(T, S, S, 3)``; see `Clip.frames`."""
    return np.stack([frame.pixels for frame in clip.frames(size, fit, rate)])

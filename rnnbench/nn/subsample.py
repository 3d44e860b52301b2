"""Fewer steps in time than there are frames: stacked frames, or convolutions over time and frequency."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnbench.errors import UserError

Count = TypeVar("Count", Tensor, NDArray, int)
"""Numbers of frames or steps."""


class Subsampling(nn.Module, ABC):
    """From T frames to S steps.

    What stands in the padding changes nothing: it is read as zeros.

    Args:
        input_size: Width I of a frame.
    """

    output_size: int
    """Width O of a step."""

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.input_size = input_size

    @abstractmethod
    def steps(self, frames: Count) -> Count:
        """Number of steps that so many frames give."""

    @abstractmethod
    def summary(self) -> str:
        """What it does, in a few words; empty for nothing."""

    @abstractmethod
    def run(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Frames ``(B, T, I)``, zero past their lengths ``(B,)``, to steps ``(B, S, O)``."""

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Runs over a batch.

        Args:
            x: Frames ``(B, T, I)``.
            lengths: Number of valid frames ``(B,)`` int64.

        Returns:
            Steps ``(B, S, O)``, and how many are valid ``(B,)``.
        """
        return self.run(_zero_past(x, lengths), lengths), self.steps(lengths)


class FrameStacking(Subsampling):
    """Neighbouring frames side by side, and none twice; zeros fill up the last ones.

    H. Sak, A. Senior, K. Rao and F. Beaufays, Fast and Accurate Recurrent Neural Network Acoustic Models for Speech
    Recognition, Interspeech 2015.

    Args:
        input_size: Width I of a frame.
        factor: How many frames make a step; 1 leaves them as they are.
    """

    def __init__(self, input_size: int, factor: int = 3) -> None:
        super().__init__(input_size)
        if factor < 1:
            raise UserError(f"must be at least 1, found {factor}", where="model.subsampling.factor")
        self.factor = factor
        self.output_size = factor * input_size

    def steps(self, frames: Count) -> Count:
        """See `Subsampling.steps`."""
        return -(-frames // self.factor)

    def summary(self) -> str:
        """See `Subsampling.summary`."""
        return f"{self.factor} frames" if self.factor > 1 else ""

    def run(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `Subsampling.run`."""
        batch, frames, _ = x.shape
        return F.pad(x, (0, 0, 0, -frames % self.factor)).reshape(batch, -1, self.output_size)


class Convolutions(Subsampling):
    """Convolutions over time and frequency, each followed by min(max(x, 0), 20).

    The front of Deep Speech 2 (D. Amodei et al., ICML 2016, section 3.1 and table 1), without its batch normalisation,
    by which a result would depend on the batch.

    Args:
        input_size: Width I of a frame.
        channels: Channels of each layer.
        time_kernels: Extent in time of each layer, odd.
        frequency_kernels: Extent in frequency, odd.
        time_strides: Frames from one place to the next.
        frequency_strides: Features from one place to the next.
    """

    def __init__(
        self,
        input_size: int,
        channels: Sequence[int] = (32, 32),
        time_kernels: Sequence[int] = (11, 11),
        frequency_kernels: Sequence[int] = (41, 21),
        time_strides: Sequence[int] = (2, 1),
        frequency_strides: Sequence[int] = (2, 2),
    ) -> None:
        super().__init__(input_size)
        options = (channels, time_kernels, frequency_kernels, time_strides, frequency_strides)
        if len({len(option) for option in options}) != 1 or not channels:
            raise UserError(
                f"every layer needs a value of every option, found {[list(option) for option in options]}",
                where="model.subsampling",
            )
        if any(size < 1 for option in options for size in option) or any(
            size % 2 == 0 for size in (*time_kernels, *frequency_kernels)
        ):
            raise UserError("sizes must be positive, and kernels odd", where="model.subsampling")
        self.layers = nn.ModuleList()
        self._strides = list(time_strides)
        before, width = 1, input_size
        for channel, time, frequency, time_stride, frequency_stride in zip(*options, strict=True):
            stride, padding = (time_stride, frequency_stride), (time // 2, frequency // 2)
            self.layers.append(nn.Conv2d(before, channel, (time, frequency), stride, padding))
            before, width = channel, _places(width, frequency_stride)
        self.output_size = before * width

    def steps(self, frames: Count) -> Count:
        """See `Subsampling.steps`."""
        for stride in self._strides:
            frames = _places(frames, stride)
        return frames

    def summary(self) -> str:
        """See `Subsampling.summary`."""
        return f"{len(self.layers)} convolutions"

    def run(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `Subsampling.run`."""
        x = x[:, None]
        for layer, stride in zip(self.layers, self._strides, strict=True):
            lengths = _places(lengths, stride)
            x = _zero_past(F.hardtanh(layer(x), 0, 20).transpose(1, 2), lengths).transpose(1, 2)
        return x.transpose(1, 2).flatten(2)


def _places(size: Count, stride: int) -> Count:
    """How many places a convolution of an odd kernel has that sees half of it beyond both ends."""
    return (size + stride - 1) // stride


def _zero_past(x: Tensor, lengths: Tensor) -> Tensor:
    """``(B, T, ...)``, zero past each length."""
    valid = torch.arange(x.shape[1], device=x.device)[None, :] < lengths[:, None]
    return torch.where(valid.view(*valid.shape, *[1] * (x.dim() - 2)), x, x.new_zeros(()))

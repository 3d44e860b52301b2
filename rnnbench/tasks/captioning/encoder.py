"""Image encoders: pixels or features in, a vector for each region out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.nn.decoder import Encoded
from rnnbench.tasks.captioning.batch import Regions


class CaptionEncoder(nn.Module, ABC):
    """Makes a vector of each region of an image, and one of the whole."""

    grid: tuple[int, int] | None = None
    """Rows and columns of regions; None where they lie anywhere."""
    reads_features: ClassVar[bool] = False
    """Whether it reads features, and is made from their width, rather than pixels of so many a side."""
    output_size: int
    """Width M of a region's vector, and of the one of the whole."""
    learning_rate_factor: float = 1.0
    """By how much the learning rate is multiplied here."""

    @abstractmethod
    def forward(self, images: Any) -> Encoded:
        """Reads B images, pixels ``(B, 3, S, S)`` uint8 or `Regions`; the summary of the regions is their mean."""

    def start_training(self, processes: int) -> None:
        """Called when a training begins or goes on.

        Args:
            processes: Their number.
        """

    def start_epoch(self, epoch: int) -> None:
        """Called when an epoch of the training begins or goes on.

        Args:
            epoch: Its number, from 0.
        """


class ImageEncoder(CaptionEncoder):
    """An encoder that makes a map of an image."""

    grid: tuple[int, int]

    @abstractmethod
    def look(self, images: Tensor) -> Tensor:
        """Images ``(B, 3, S, S)`` uint8 -> a map ``(B, M, rows, columns)``."""

    @abstractmethod
    def flops(self) -> int:
        """Floating-point operations for one image."""

    def map_key(self) -> str | None:
        """A text that stands for all that maps depend on but the images; None where a training changes it.

        With such a text `look` also reads maps that it has made, floating-point, in place of images.
        """
        return None

    def forward(self, images: Tensor) -> Encoded:
        """Reads images ``(B, 3, S, S)`` uint8.

        Returns:
            The regions ``(B, rows * columns, M)``, row by row, and as their summary their mean.
        """
        values = self.look(images).flatten(2).transpose(1, 2)
        lengths = torch.full((len(values),), values.shape[1], device=values.device)
        return Encoded(values, lengths, values.mean(1), ())


class RegionFeatures(CaptionEncoder):
    """Reads features that lie in files: of the boxes of a detector, or of any network's map.

        v_s = LayerNorm(W x_s + b)

    P. Anderson et al., Bottom-Up and Top-Down Attention for Image Captioning and Visual Question Answering, CVPR 2018,
    train a decoder on such regions. An image may have any number of them.

    Args:
        feature_size: Width D of the features.
        size: Width M of a region's vector.
        dropout: Rate at which values of the regions are dropped in training.
    """

    reads_features: ClassVar[bool] = True

    def __init__(self, feature_size: int, size: int = 512, dropout: float = 0.0) -> None:
        super().__init__()
        if size < 1:
            raise UserError(f"must be at least 1, found {size}", where="model.encoder.size")
        self.layers = nn.Sequential(nn.Linear(feature_size, size), nn.LayerNorm(size), nn.Dropout(dropout))
        self.output_size = size

    def forward(self, images: Regions) -> Encoded:
        """See `CaptionEncoder.forward`."""
        values = self.layers(images.values.to(next(self.parameters()).dtype))
        valid = torch.arange(values.shape[1], device=values.device) < images.lengths[:, None]
        values = torch.where(valid[..., None], values, values.new_zeros(()))
        return Encoded(values, images.lengths, values.sum(1) / images.lengths[:, None], ())


class ConvEncoder(ImageEncoder):
    """A compact convolutional network that is trained with the decoder.

    Convolutions of 3 x 3 pixels and stride 2, then stages of residual blocks, of which each but the first halves rows
    and columns, with batch normalisation throughout (K. He et al., Deep Residual Learning for Image Recognition, CVPR
    2016).

    Args:
        image_size: Pixels of a side.
        channels: Width of each stage.
        blocks: Residual blocks of a stage.
        halvings: Convolutions of stride 2 before the first stage.
        coordinates: Whether the network reads beside red, green and blue how far from the left and from the top a pixel
            is (R. Liu et al., An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution,
            NeurIPS 2018): neither attention nor a mean knows places.
        dropout: Rate at which values of the regions are dropped in training.
    """

    def __init__(
        self,
        image_size: int,
        channels: Sequence[int] = (64, 128, 256),
        blocks: int = 1,
        halvings: int = 2,
        coordinates: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not channels or min(channels) < 1 or blocks < 1 or halvings < 0:
            raise UserError(
                f"no network has {list(channels)} channels, {blocks} blocks a stage and {halvings} halvings",
                where="model.encoder",
            )
        shrinks = 2 ** (halvings + len(channels) - 1)
        if image_size % shrinks:
            raise UserError(
                f"this encoder makes one region of {shrinks} x {shrinks} pixels, and {image_size} pixels are none or"
                " not a whole number of them",
                where="data.image_size",
                hint=f"a multiple of {shrinks}; or another number of model.encoder.channels or halvings",
            )
        layers: list[nn.Module] = []
        width = 5 if coordinates else 3
        for step in range(halvings):
            wider = max(channels[0] >> (halvings - 1 - step), 8)
            layers += [_convolution(width, wider, stride=2), nn.ReLU()]
            width = wider
        for stage, size in enumerate(channels):
            for block in range(blocks):
                layers.append(ResidualBlock(width, size, stride=2 if stage and not block else 1))
                width = size
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.coordinates = coordinates
        self.image_size = image_size
        self.grid = (image_size // shrinks, image_size // shrinks)
        self.output_size = width

    def look(self, images: Tensor) -> Tensor:
        """See `ImageEncoder.look`."""
        weight = next(self.parameters())
        x = images.to(weight.dtype) / 127.5 - 1
        if self.coordinates:
            line = torch.linspace(-1, 1, self.image_size, device=x.device, dtype=x.dtype)
            planes = torch.stack(torch.meshgrid(line, line, indexing="xy"))
            x = torch.cat([x, planes.expand(len(x), -1, -1, -1)], 1)
        x = x.contiguous(memory_format=torch.channels_last)
        return self.dropout(self.layers(x))

    def flops(self) -> int:
        """See `ImageEncoder.flops`; those of the convolutions."""
        side, total = self.image_size, 0
        for layer in self.layers:
            if isinstance(layer, ResidualBlock):
                side //= layer.stride
            elif isinstance(layer, nn.Sequential):
                side //= 2
            total += 2 * side * side * sum(m.weight.numel() for m in layer.modules() if isinstance(m, nn.Conv2d))
        return total


class ResidualBlock(nn.Module):
    """relu(x' + conv(relu(conv(x)))), where x' is x, or a convolution of one pixel where the shapes differ.

    Args:
        width: Channels of x.
        size: Channels of what comes out.
        stride: Of the first convolution.
    """

    def __init__(self, width: int, size: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.first = _convolution(width, size, stride)
        self.second = _convolution(size, size, 1)
        same = width == size and stride == 1
        self.shortcut = nn.Identity() if same else _convolution(width, size, stride, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, R, R)`` -> ``(B, C', R', R')``."""
        return F.relu(self.shortcut(x) + self.second(F.relu(self.first(x))))


def _convolution(width: int, size: int, stride: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(width, size, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(size))

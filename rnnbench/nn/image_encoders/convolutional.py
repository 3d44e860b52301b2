"""A small convolutional network, trained with the decoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.nn.image_encoders.base import ImageEncoder


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
            x = torch.cat([x, planes.expand(x.shape[0], -1, -1, -1)], 1)
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

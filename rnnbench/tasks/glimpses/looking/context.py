"""The whole image, seen coarsely, before the first look."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.errors import UserError
from rnnbench.tasks.glimpses.layers import convolutions


class ContextNetwork(nn.Module):
    """Convolutions over a coarse image, and a layer over all that they make of it.

    J. L. Ba, V. Mnih and K. Kavukcuoglu, Multiple Object Recognition with Visual Attention, ICLR 2015, section 3. The
    coarse image has the means of the image's pixels.

    Args:
        width: Pixels of a side of the coarse image.
        channels: Channels of each convolution of 3 x 3 pixels.
        size: Width of the vector that stands for the image.

    Raises:
        UserError: A number is not positive.
    """

    def __init__(self, width: int = 12, channels: Sequence[int] = (16, 16), size: int = 128) -> None:
        super().__init__()
        for name, value in {"width": width, "channels": min(channels, default=1), "size": size}.items():
            if value < 1:
                raise UserError(f"must be at least 1, found {value}", where=f"model.context.{name}")
        self.width = width
        self.size = size
        self.convolutions = convolutions(1, channels)
        self.output = nn.Linear([1, *channels][-1] * width**2, size)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, C, C)`` -> ``(B, size)``."""
        maps = F.adaptive_avg_pool2d(images[:, None], self.width)
        return F.relu(self.output(self.convolutions(maps).flatten(1)))

"""The sensor: square patches of several scales around one place of an image, all of them as few pixels wide."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.errors import UserError


class Pyramid(NamedTuple):
    """B images of C x C pixels, blurred once for each scale."""

    maps: tuple[Tensor, ...]
    """Of scale k ``(B, 1, C + 2^k - 1, C + 2^k - 1)``: the mean over each square of 2^k x 2^k pixels that touches the
    image, what lies beyond it being 0."""
    size: int
    """C."""


class Retina:
    """Patches of scale k = 0, 1, ... are ``width * 2^k`` pixels wide, and seen with ``width`` pixels.

    V. Mnih, N. Heess, A. Graves and K. Kavukcuoglu, Recurrent Models of Visual Attention, NeurIPS 2014, section 3.1.
    A place (x, y) is in the middle of the image at (0, 0), and at its corners where both are -1 or 1. Between pixels is
    interpolated, so that what is seen is a continuous function of the place, which can be differentiated.

    Args:
        width: Pixels G of a side of a patch.
        scales: Number of patches.

    Raises:
        UserError: A number is not positive.
    """

    def __init__(self, width: int = 8, scales: int = 1) -> None:
        for name, value, most in (("width", width, 1024), ("scales", scales, 8)):
            if not 1 <= value <= most:
                raise UserError(f"must be from 1 to {most}, found {value}", where=f"model.glimpse.{name}")
        self.width = width
        self.scales = scales

    @property
    def pixels(self) -> int:
        """Numbers of a glimpse."""
        return self.scales * self.width**2

    def pyramid(self, images: Tensor) -> Pyramid:
        """What all glimpses of images ``(B, C, C)`` are taken from."""
        # The sum over a square is that of four squares half as wide: a few additions a scale, and no window to slide.
        sums = images[:, None]
        maps = [sums]
        for scale in range(1, self.scales):
            half = 2 ** (scale - 1)
            # Half as wide a square beyond on either side is one that touches the image.
            sums = F.pad(sums, (half, half, half, half))
            sums = sums[..., :-half, :] + sums[..., half:, :]
            sums = sums[..., :-half] + sums[..., half:]
            maps.append(sums / 4**scale)
        return Pyramid(tuple(maps), images.shape[1])

    def __call__(self, pyramid: Pyramid, places: Tensor) -> Tensor:
        """The glimpses of the images.

        Args:
            pyramid: B images.
            places: ``(B * M, 2)``: M places (x, y) of each image.

        Returns:
            ``(B * M, scales, G, G)``: patches from the finest to the coarsest, rows from the top.
        """
        batch = pyramid.maps[0].shape[0]
        middle = (places.view(batch, -1, 2) + 1) * (pyramid.size / 2)
        steps = torch.arange(self.width, device=places.device, dtype=places.dtype)
        patches = []
        for scale, blurred in enumerate(pyramid.maps):
            box = 2**scale
            # Where the first pixel of each square stands in the map, along each axis: (B, M, G, 2).
            starts = middle[:, :, None] + (steps * box + (box - 1 - self.width * box / 2))[:, None]
            grid = starts * (2 / (blurred.shape[-1] - 1)) - 1 if blurred.shape[-1] > 1 else starts
            x, y = grid[..., 0], grid[..., 1]
            shape = (*x.shape, self.width)
            around = torch.stack([x[:, :, None].expand(shape), y[..., None].expand(shape)], -1)
            seen = F.grid_sample(blurred, around.flatten(1, 2), padding_mode="zeros", align_corners=True)
            patches.append(seen.view(-1, self.width, self.width))
        return torch.stack(patches, 1)

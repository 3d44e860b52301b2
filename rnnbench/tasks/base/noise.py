"""Noise that belongs to an image: the same whichever batch, worker or process asks for it, and whenever."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from rnnbench.data.long_range.draws import Draws, key_of

_KEY = key_of(1, "noise")


def noise_of(images: Tensor, count: int) -> Tensor:
    """Standard normal noise of each image, by its pixels alone.

    Args:
        images: ``(B, C, C)`` uint8.
        count: How many numbers of each.

    Returns:
        ``(B, count)`` float64, on the CPU.
    """
    names = [zlib.crc32(image.tobytes()) for image in images.cpu().numpy()]
    shares = torch.from_numpy(Draws(_KEY, names).uniforms(count))
    # A share of 0 would be infinitely far out.
    return torch.erfinv((2 * shares - 1).clamp(min=2.0**-53 - 1)) * 2**0.5

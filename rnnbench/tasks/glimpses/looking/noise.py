"""Noise that belongs to an image: the same whichever batch, worker or process asks for it, and whenever."""

from __future__ import annotations

import zlib

import torch
from torch import Tensor

from rnnbench.data.long_range.draws import Draws, key_of

_KEY = key_of(1, "glimpses")


def noise_of(images: Tensor, looks: int, passes: int) -> Tensor:
    """Standard normal noise of each image, by its pixels alone.

    Args:
        images: ``(B, C, C)`` uint8.
        looks: Number T of looks.
        passes: Number P of passes over each image.

    Returns:
        ``(T, B * P, 2)`` float64, the passes over an image side by side; on the CPU.
    """
    names = [zlib.crc32(image.tobytes()) for image in images.cpu().numpy()]
    shares = torch.from_numpy(Draws(_KEY, names).uniforms(passes * looks * 2))
    # A share of 0 would be infinitely far out.
    normal = torch.erfinv((2 * shares - 1).clamp(min=2.0**-53 - 1))
    return (normal * 2**0.5).view(len(images) * passes, looks, 2).transpose(0, 1)

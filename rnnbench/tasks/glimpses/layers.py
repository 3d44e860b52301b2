"""Convolutions over patches and images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def convolutions(before: int, channels: Sequence[int], width: int = 3, halve: bool = False) -> nn.Sequential:
    """Convolutions one after the other, rectified, whose maps are as large as what they read.

    Args:
        before: Channels of what the first one reads.
        channels: Channels of each.
        width: Pixels of a side of what each sees.
        halve: Whether after each, of every 2 x 2 places, the largest stays.
    """
    layers: list[nn.Module] = []
    for read, made in pairwise([before, *channels]):
        layers += [nn.Conv2d(read, made, width, padding=width // 2), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if halve else []
    return nn.Sequential(*layers)


def flops_of(layers: nn.Module, side: int) -> int:
    """Floating-point operations of the products of such convolutions over an image of so many pixels a side."""
    found = 0
    for layer in layers.children():
        if isinstance(layer, nn.Conv2d):
            found += 2 * side**2 * layer.weight.numel()
        elif isinstance(layer, nn.MaxPool2d):
            side //= 2
    return found

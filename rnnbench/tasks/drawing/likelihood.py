"""How likely an image is where a canvas says what each pixel is like."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Bernoulli(nn.Module):
    """Pixels that are black or white: p(white) = sigmoid(canvas)."""

    def forward(self, canvas: Tensor, x: Tensor) -> Tensor:
        """Log-likelihood ``(N,)`` of images ``(N, D)`` of 0 and 1 on canvases ``(N, D)``."""
        return -F.binary_cross_entropy_with_logits(canvas, x, reduction="none").sum(1)

    def mean(self, canvas: Tensor) -> Tensor:
        """What is seen of a canvas, from 0 to 1."""
        return canvas.sigmoid()


class Gaussian(nn.Module):
    """Grey values: a pixel is v / 256 for v = 0 ... 255, and is spread evenly over the 1 / 256 above that.

        log p(v) >= E log N((v + u) / 256; sigmoid(canvas), s^2) - log 256,   u uniform in [0, 1)

    by Jensen's inequality (L. Theis, A. van den Oord and M. Bethge, ICLR 2016, section 3.1); s is learned.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_deviation = nn.Parameter(torch.tensor(-1.0))

    def forward(self, canvas: Tensor, x: Tensor) -> Tensor:
        """Log-likelihood ``(N,)`` of images ``(N, D)``, which are spread already."""
        off = (x - canvas.sigmoid()) * torch.exp(-self.log_deviation)
        each = -off.square() / 2 - self.log_deviation - math.log(2 * math.pi) / 2 - math.log(256)
        return each.sum(1)

    def mean(self, canvas: Tensor) -> Tensor:
        """What is seen of a canvas, from 0 to 1."""
        return canvas.sigmoid()

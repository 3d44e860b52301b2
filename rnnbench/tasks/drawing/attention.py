"""A window on an image: a grid of Gaussian filters, by which it is read from and written to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

# Of a sum of filter weights that all underflow.
_TINY = 1e-8


class Window(NamedTuple):
    """Windows of N images of S x S pixels, with A x A filters each."""

    rows: Tensor
    """F_Y ``(N, A, S)``: each filter's weights sum to 1."""
    columns: Tensor
    """F_X ``(N, A, S)``."""
    strength: Tensor
    """gamma ``(N, 1, 1)``."""
    corners: Tensor
    """``(N, 3)``: left, top and width of the grid, in pixels."""

    def read(self, images: Tensor) -> Tensor:
        """What images ``(N, S, S)`` look like through it: gamma F_Y x F_X^T, ``(N, A * A)``."""
        return (self.strength * (self.rows @ images @ self.columns.transpose(1, 2))).flatten(1)

    def write(self, patches: Tensor) -> Tensor:
        """What patches ``(N, A * A)`` are on the images: F_Y^T w F_X / gamma, ``(N, S, S)``."""
        width = self.rows.shape[1]
        square = patches.unflatten(1, (width, width))
        return self.rows.transpose(1, 2) @ square @ self.columns / self.strength


class WindowLayer(nn.Module):
    """Where the window lies follows linearly from a vector.

        (x, y, log sigma^2, log delta, log gamma) = W h + b
        g_X = (S + 1) / 2 (x + 1),  d = (S - 1) / (A - 1) delta,  mu_i = g_X + (i - A / 2 - 0.5) d
        F_X[i, a] = exp(-(a - mu_i)^2 / (2 sigma^2)) / Z_i

    K. Gregor et al., DRAW: A Recurrent Neural Network For Image Generation, ICML 2015, equations 19 to 26; i and a are
    counted from 1, and one filter alone has d = (S - 1) delta.

    Args:
        input_size: Width of the vector.
        size: Pixels S of a side of the images.
        filters: Filters A along each side.
    """

    def __init__(self, input_size: int, size: int, filters: int) -> None:
        super().__init__()
        self.size = size
        self.filters = filters
        self.linear = nn.Linear(input_size, 5)

    def forward(self, vector: Tensor) -> Window:
        """Vectors ``(N, H)`` -> windows."""
        x, y, log_variance, log_stride, log_strength = self.linear(vector).unbind(1)
        stride = (self.size - 1) / max(self.filters - 1, 1) * log_stride.exp()
        variance = log_variance.exp()
        middles = [(self.size + 1) / 2 * (one + 1) for one in (x, y)]
        columns, rows = (self._filters(one, stride, variance) for one in middles)
        width = stride * (self.filters - 1)
        corners = torch.stack([*(one - 0.5 - width / 2 for one in middles), width], 1)
        return Window(rows, columns, log_strength.exp()[:, None, None], corners)

    def _filters(self, middle: Tensor, stride: Tensor, variance: Tensor) -> Tensor:
        number = torch.arange(1, self.filters + 1, device=middle.device, dtype=middle.dtype)
        pixel = torch.arange(1, self.size + 1, device=middle.device, dtype=middle.dtype)
        means = middle[:, None] + (number - self.filters / 2 - 0.5) * stride[:, None]
        away = (pixel - means[..., None]).square() / (2 * variance[:, None, None])
        weights = torch.exp(-away)
        return weights / (weights.sum(2, keepdim=True) + _TINY)

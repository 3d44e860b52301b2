"""How likely a model finds images."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from rnnbench.tasks.base import ItemValues, exact


class ImageBounds(ItemValues):
    """Of every image two bounds of its negative log-likelihood: that of training, and the importance-weighted one.

    Args:
        pixels: Pixels of an image.
    """

    def __init__(self, pixels: int = 1) -> None:
        super().__init__()
        self.pixels = pixels

    def update(self, ids: Tensor, bounds: Tensor, weighted: Tensor) -> None:  # type: ignore[override]
        """Enters some images.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks an image that counts for nothing.
            bounds: The bound of each, in nats ``(B,)``.
            weighted: The importance-weighted one ``(B,)``.
        """
        super().update(ids, torch.stack([exact(bounds), exact(weighted)], 1))

    def compute(self) -> tuple[dict[str, float], int]:  # type: ignore[override]
        """The means over all images, and their number."""
        values = super().compute()
        bound, weighted = (math.fsum(column.tolist()) / len(values) for column in values.T)
        found = {"bound": bound, "importance_bound": weighted}
        return {**found, "bits_per_dimension": bound / (self.pixels * math.log(2))}, len(values)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """The bound of each image, of 1."""
        return "bound", torch.stack([values[:, 0], torch.ones_like(values[:, 0])], 1)

"""Image encoders: pixels or features in, a vector for each region out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rnnbench.nn.decoder import Encoded


class RegionEncoder(nn.Module, ABC):
    """Makes a vector of each region of an image, and one of the whole."""

    grid: tuple[int, int] | None = None
    """Rows and columns of regions; None where they lie anywhere."""
    reads_features: ClassVar[bool] = False
    """Whether it reads features, and is made from their width, rather than pixels of so many a side."""
    output_size: int
    """Width M of a region's vector, and of the one of the whole."""
    learning_rate_factor: float = 1.0
    """By how much the learning rate is multiplied here."""

    def make_optimizer(self, make: Callable[..., Optimizer], model: nn.Module) -> Optimizer:
        """The optimizer of a model that this encoder is a part of, where it learns at its own rate.

        Args:
            make: Makes it from parameters or from groups of them.
            model: The model.
        """
        learned = [one for one in self.parameters() if one.requires_grad]
        if self.learning_rate_factor == 1 or not learned:
            return make(model.parameters())
        own = set(self.parameters())
        optimizer = make([{"params": [one for one in model.parameters() if one not in own]}, {"params": learned}])
        optimizer.param_groups[1]["lr"] *= self.learning_rate_factor
        return optimizer

    @abstractmethod
    def forward(self, images: Any) -> Encoded:
        """Reads B images, pixels ``(B, 3, S, S)`` uint8 or features; the summary of the regions is their mean."""

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


class ImageEncoder(RegionEncoder):
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
        lengths = torch.full((values.shape[0],), values.shape[1], device=values.device)
        return Encoded(values, lengths, values.mean(1), ())

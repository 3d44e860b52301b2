"""The same encoder without recurrence: every frame on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.nn import ConvEncoder
from rnnbench.nn.image_encoders.base import ImageEncoder
from rnnbench.nn.pooling import PoolingKind
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.video.models.network import Regions, VideoNetwork


class FrameModel(VideoNetwork):
    """A layer of rectified units in the place of the recurrent stack; what it says of a frame stands in that frame.

    Args:
        encoder: Makes the encoder from the pixels of a side.
        hidden_size: Width of the layer.
        size: Width of a frame's vector.
        regions: Whether a frame's vector is made of all regions, each with its place, or of their mean.
        dropout: Rate at which values of frames' vectors are dropped in training.
        pooling: What stands for a clip, where it has one class: the last frame, the mean, the greatest values or
            attention.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    baseline = True

    def __init__(
        self,
        encoder: Callable[[int], ImageEncoder] = ConvEncoder,
        hidden_size: Annotated[int, AT_LEAST_1] = 64,
        size: Annotated[int, AT_LEAST_1] = 64,
        regions: Regions = "mean",
        dropout: float = 0.0,
        pooling: PoolingKind = "mean",
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(encoder, size, regions, dropout, pooling, optimizer, scheduler)
        self.save_hyperparameters()
        self.hidden_size = hidden_size

    def build_layers(self, width: int) -> int:
        """See `VideoNetwork.build_layers`."""
        self.hidden = nn.Linear(width, self.hidden_size)
        return self.hidden_size

    def layers(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `VideoNetwork.layers`."""
        return torch.relu(self.hidden(x))

    def model_name(self) -> str:
        """Encoder and width."""
        return f"{type(self.encoder).__name__} frame by frame, {self.hidden_size} hidden"

"""The recurrent network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.nn import ConvEncoder
from rnnbench.nn.image_encoders.base import ImageEncoder
from rnnbench.nn.pooling import PoolingKind
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.video.models.network import Regions, VideoNetwork


class RecurrentVideoModel(VideoNetwork):
    """A recurrent backbone over the vectors of frames; if it reads forwards only, also while a clip is filmed.

    J. Donahue et al., Long-term Recurrent Convolutional Networks for Visual Recognition and Description, CVPR 2015.

    Args:
        encoder: Makes the encoder from the pixels of a side.
        backbone: Makes the recurrent stack from its input size.
        size: Width of a frame's vector.
        regions: Whether a frame's vector is made of all regions, each with its place, or of their mean.
        dropout: Rate at which values of frames' vectors are dropped in training.
        pooling: What stands for a clip, where it has one class: the last output, the mean, the greatest values or
            attention.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        encoder: Callable[[int], ImageEncoder] = ConvEncoder,
        backbone: Callable[[int], Backbone] = Backbone,
        size: Annotated[int, AT_LEAST_1] = 64,
        regions: Regions = "mean",
        dropout: float = 0.0,
        pooling: PoolingKind = "last",
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__(encoder, size, regions, dropout, pooling, optimizer, scheduler)
        self.save_hyperparameters()
        self.make_backbone = backbone

    @property
    def causal(self) -> bool:
        """See `VideoNetwork.causal`."""
        return self.backbone.causal

    def build_layers(self, width: int) -> int:
        """See `VideoNetwork.build_layers`."""
        self.backbone = self.make_backbone(width)
        return self.backbone.output_size

    def layers(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See `VideoNetwork.layers`."""
        return self.backbone(x, lengths)[0]

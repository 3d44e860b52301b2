"""What networks have in common, with recurrence or without: an encoder of frames, and a softmax."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Literal, get_args

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn
from torch.optim import Optimizer

from rnnbench.errors import UserError, did_you_mean
from rnnbench.nn import Pooling
from rnnbench.nn.image_encoders.base import ImageEncoder
from rnnbench.nn.pooling import PoolingKind
from rnnbench.tasks.base import Spec
from rnnbench.tasks.base.maps import keep_maps
from rnnbench.tasks.video.model import VideoModel

Regions = Literal["all", "mean"]


class VideoNetwork(VideoModel):
    """An encoder that looks at every frame, layers over time, and a softmax.

        v_t = relu(W [m_t1; ...; m_tS] + b)    of the S regions of a frame's map, or of their mean
        y_1, ..., y_T = layers(v_1, ..., v_T)
        p_t = softmax(U y_t + c),    or one p of the pooled y for the whole clip

    Subclasses write `build_layers` and `layers`.

    Args:
        encoder: Makes the encoder from the pixels of a side.
        size: Width F of a frame's vector.
        regions: Whether it is made of all regions, each with its place, or of their mean.
        dropout: Rate at which its values are dropped in training.
        pooling: What stands for a clip, where it has one class.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        encoder: Callable[[int], ImageEncoder],
        size: int,
        regions: Regions,
        dropout: float,
        pooling: PoolingKind,
        optimizer: OptimizerCallable,
        scheduler: LRSchedulerCallable | None,
    ) -> None:
        super().__init__()
        if regions not in get_args(Regions):
            hint = did_you_mean(regions, get_args(Regions))
            raise UserError(f"there is no way {regions!r}", where="--model.regions", hint=hint)
        self.make_encoder = encoder
        self.size = size
        self.regions = regions
        self.dropout = nn.Dropout(dropout)
        self.pooling = pooling
        self.optimizer = optimizer
        self.scheduler = scheduler

    @abstractmethod
    def build_layers(self, width: int) -> int:
        """Makes the layers over time from the width of a frame's vector; gives the width of what they make of it."""

    @abstractmethod
    def layers(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Vectors of frames ``(B, T, F)`` of clips of ``lengths (B,)`` -> ``(B, T, O)``."""

    @property
    def causal(self) -> bool:
        """Whether what is said of a frame depends on no later one."""
        return True

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.encoder = self.make_encoder(spec["image_size"])
        rows, columns = self.encoder.grid
        width = self.encoder.output_size * (rows * columns if self.regions == "all" else 1)
        self.project = nn.Linear(width, self.size)
        made = self.build_layers(self.size)
        self.pool = None if self.every_frame else Pooling(self.pooling, made, self.causal)
        self.output = nn.Linear(made if self.pool is None else self.pool.output_size, len(self.classes))

    def look(self, frames: Tensor) -> Tensor:
        """Frames ``(N, 3, S, S)``, or maps of them, -> their vectors ``(N, F)``."""
        regions = self.encoder.look(frames).flatten(2)
        seen = regions.flatten(1) if self.regions == "all" else regions.mean(2)
        return self.dropout(torch.relu(self.project(seen)))

    def forward(self, frames: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """See `VideoModel.forward`."""
        vectors = self.look(frames)
        steps = int(lengths.max())
        x = vectors.new_zeros(len(lengths) * steps, vectors.shape[1]).index_copy(0, places, vectors)
        made = self.layers(x.view(len(lengths), steps, -1), lengths)
        if self.pool is not None:
            return self.output(self.pool(made, lengths.to(made.device)))
        # The widest products by far: not for padding.
        return self.output(made.flatten(0, 1).index_select(0, places))

    def on_fit_start(self) -> None:
        """Makes the encoder ready, and computes maps that stay the same."""
        self.encoder.start_training(self.trainer.world_size)
        keep_maps(self.encoder, self.data, self.trainer)

    def make_optimizer(self, make: Callable[..., Optimizer]) -> Optimizer:
        """See `Task.make_optimizer`: the encoder may learn more slowly."""
        return self.encoder.make_optimizer(make, self)

    def on_train_start(self) -> None:
        """Tells the encoder: an epoch that goes on after a resume has no start."""
        self.encoder.start_epoch(self.current_epoch)

    def on_train_epoch_start(self) -> None:
        """See `on_train_start`."""
        self.encoder.start_epoch(self.current_epoch)

    def flops_per_token(self) -> float | None:
        """Of a frame: the encoder, the layers and the softmax."""
        backbone = super().flops_per_token() or 0.0
        linear = sum(2 * part.weight.numel() for part in self.modules() if isinstance(part, nn.Linear))
        return backbone + self.encoder.flops() + linear

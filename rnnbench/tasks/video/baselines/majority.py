"""The most frequent class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.video.data import VideoData
from rnnbench.tasks.video.model import VideoModel


class MajorityModel(CountingModel[VideoData], VideoModel):
    """How often each class occurs in training, each counted once more; it looks at nothing."""

    tables: ClassVar[Sequence[str]] = ("counts",)
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """``counts (C,)``."""
        clips = self.data.splits["train"]
        y = torch.cat([clips.y[i] for i in range(len(clips.y))])
        return {"counts": y.bincount(minlength=len(self.classes)).double() + 1}

    def forward(self, frames: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """See `VideoModel.forward`."""
        count = len(frames) if self.every_frame else len(lengths)
        counts = self.counts if len(self.counts) else self.counts.new_ones(len(self.classes))
        return counts.log().expand(count, -1)

    def model_name(self) -> str:
        """What it is."""
        return "most frequent class"

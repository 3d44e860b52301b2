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

    tables: ClassVar[Sequence[str]] = ("guess",)
    guess: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """``guess (C,)``: log-frequencies; log-odds where several classes may hold."""
        clips = self.data.splits["train"]
        y = torch.cat([clips.y[i] for i in range(len(clips.y))])
        if self.several:
            held = y.double().sum(0)
            return {"guess": ((held + 1) / (len(y) - held + 1)).log()}
        return {"guess": (y.bincount(minlength=len(self.classes)).double() + 1).log()}

    def forward(self, frames: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """See `VideoModel.forward`."""
        count = len(frames) if self.every_frame else len(lengths)
        guess = self.guess if len(self.guess) else self.guess.new_zeros(len(self.classes))
        return guess.expand(count, -1)

    def model_name(self) -> str:
        """What it is."""
        return "most frequent class"

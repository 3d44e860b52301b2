"""Images to be drawn: as they are, or in black and white."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.scenes import SceneBatch, Scenes, SceneSamples
from rnnbench.data.left_out import LeftOut
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.source import Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec

Ink = Literal["drawn", "threshold", "grey"]

_LIGHT = 128


class DrawingSamples:
    """The images of a split; called with some of their numbers, it makes a batch of them.

    Args:
        scenes: The images in grey.
        ink: What they become.
        key: Stands for the seed and the split.
    """

    def __init__(self, scenes: SceneSamples, ink: Ink, key: int) -> None:
        self.scenes = scenes
        self._ink = ink
        self._key = key

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``: images are as long as any other."""
        return self.scenes.lengths

    def __call__(self, samples: list[int], epoch: int) -> SceneBatch:
        """The batch of some images."""
        batch = self.scenes(samples, epoch)
        if self._ink == "grey":
            return batch
        grey = batch.images.numpy()
        if self._ink == "threshold":
            ink = grey >= _LIGHT
        else:
            shares = Draws(self._key, samples).uniforms(grey[0].size)
            ink = shares.reshape(grey.shape) * 255 < grey
        return batch._replace(images=torch.from_numpy(ink.astype(np.uint8) * np.uint8(255)))


class DrawingData(BucketedData[DrawingSamples]):
    """Images without anything said about them, but for their classes, which a model may be told.

    Args:
        source: The images.
        ink: What a pixel is: black or white, ``drawn`` once and for all with its grey as the probability of white
            (R. Salakhutdinov and I. Murray, ICML 2008); white where its grey is at least half (``threshold``); or
            ``grey`` as it is.
        batch_size: Images of a batch of one process.
        num_workers: Processes that read ahead.

    Raises:
        UserError: There is no such ink.
    """

    source: Scenes
    inputs = "a.png folder/"

    def __init__(
        self,
        source: Scenes,
        ink: Ink = "drawn",
        batch_size: int = 128,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
    ) -> None:
        super().__init__(source, Budget(batch_size=batch_size), num_workers)
        if ink not in get_args(Ink):
            raise UserError(f"there is no ink {ink!r}", where="--data.ink", hint=did_you_mean(ink, get_args(Ink)))
        self.ink: Ink = ink

    @property
    def spec(self) -> Spec:
        """Size of the images, their classes, and whether they are black and white."""
        return {"size": self.source.canvas, "classes": list(self.source.names), "binary": self.ink != "grey"}

    def train_images(self) -> DrawingSamples:
        """The images of training, whichever splits were asked for."""
        return self._samples("train")

    def details(self) -> dict[str, str | int | float]:
        """Size and ink of the images, and sizes of the splits."""
        sizes: dict[str, str | int | float] = {
            f"{split}_samples": len(read.lengths) for split, read in self.splits.items()
        }
        return {"image_size": self.source.canvas, "ink": self.ink, **sizes}

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        if self.source.answers != 1:
            raise UserError("an image has one class here", where="--data.source.count", hint="1")
        seed = {"seed": self.source.seed} if self.ink == "drawn" else {}
        settings = {**self.source.identity(), "ink": self.ink, **seed}
        self.fingerprint = fingerprint(self.source.fingerprint_rows(), **settings)
        self.splits = {split: self._samples(split) for split in wanted}

    def _samples(self, split: Split) -> DrawingSamples:
        return DrawingSamples(self.source.samples(split), self.ink, key_of(self.source.seed, f"ink/{split}"))

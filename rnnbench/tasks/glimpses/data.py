"""Scenes in batches."""

from __future__ import annotations

from typing import Annotated

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.scenes import Scenes, SceneSamples
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Split
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec


class GlimpseData(BucketedData[SceneSamples]):
    """Images, or scenes that are made of them, with what they show.

    Args:
        source: The scenes.
        batch_size: Scenes of a batch of one process.
        num_workers: Processes that read ahead.
    """

    source: Scenes
    inputs = "a.png folder/"

    def __init__(self, source: Scenes, batch_size: int = 128, num_workers: Annotated[int, AT_LEAST_0] = 0) -> None:
        super().__init__(source, Budget(batch_size=batch_size), num_workers)

    @property
    def spec(self) -> Spec:
        """Size of the scenes, the classes, and how many answers there are at most."""
        return {
            "size": self.source.canvas,
            "classes": list(self.source.names),
            "answers": self.source.answers,
            "ends": self.source.ends,
        }

    def details(self) -> dict[str, str | int | float]:
        """Size of the scenes and of the splits."""
        sizes: dict[str, str | int | float] = {
            f"{split}_samples": len(read.lengths) for split, read in self.splits.items()
        }
        return {"image_size": self.source.canvas, **sizes}

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        self.fingerprint = fingerprint(self.source.fingerprint_rows(), **self.source.identity())
        self.splits = {split: self.source.samples(split) for split in wanted}

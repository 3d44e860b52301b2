"""Images read as sequences: row by row, or pixel by pixel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.images.labelled import Labelled, LabelledReader
from rnnbench.data.long_range.draws import Draw, key_of
from rnnbench.data.long_range.problem import Answers, Drawn, Inputs, Plan, Problem, Samples, last_step
from rnnbench.data.source import Source, Split
from rnnbench.errors import UserError, did_you_mean

By = Literal["row", "pixel"]


class SequentialImages(Problem):
    """Which class an image belongs to, asked after its last pixel: sequential MNIST and its relatives.

    Q. V. Le, N. Jaitly and G. E. Hinton, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units, 2015:
    pixel by pixel, also in an order that was drawn once for all images. Grey values lie between 0 and 1.

    Args:
        images: Where the images come from, such as ``LabelledImages``.
        by: Whether a step is a row or a pixel.
        permuted: Whether the pixels are read in another order, that of ``data.seed``.
        size: Pixels of a side.
        held_out: Images of the training split, spread evenly over it, that are the validation split; 0 where the data
            have one of their own.
        image: Name of the column with the images.
        label: Name of the column with the classes.
    """

    metrics = ("accuracy", "cross_entropy")

    def __init__(
        self,
        images: Source,
        by: By = "row",
        permuted: bool = False,
        size: int = 28,
        held_out: int = 5000,
        image: str = "image",
        label: str = "label",
    ) -> None:
        if by not in get_args(By):
            raise UserError(f"there is no way {by!r}", where="--data.source.by", hint=did_you_mean(by, get_args(By)))
        self.images = images
        self.by = by
        self.permuted = permuted
        self.size = size
        self._reader = LabelledReader(images, size, held_out, image, label)
        self.dataset = f"{'permuted_' if permuted else ''}{images.dataset}_by_{by}"

    @property
    def inputs(self) -> Inputs:
        """The pixels of a step."""
        return Inputs(numbers=self.size if self.by == "row" else 1)

    @property
    def answers(self) -> Answers:
        """The classes."""
        return Answers("class", self._reader.names, last=True)

    def prepare(self) -> None:
        """Fetches what is missing."""
        self.images.prepare()

    def plan(self, wanted: Plan) -> Plan:
        """See `Problem.plan`: images have their number and their length."""
        given = wanted._replace(seed=1)._asdict()
        for name in (name for name, value in given.items() if value is not None and name != "seed"):
            raise UserError(
                f"{self.dataset} has images of one size", where=f"--data.{name}", hint="leave this option out"
            )
        return wanted

    def samples(self, split: Split, plan: Plan) -> Samples:
        """See `Problem.samples`."""
        order = np.arange(self.size**2)
        if self.permuted:
            order = np.argsort(Draw(key_of(plan.seed, "permutation"), 0).uniforms(len(order)), kind="stable")
        return ImageSamples(self._reader.splits()[split], order, self.inputs.numbers)

    def identity(self) -> dict[str, Any]:
        """See `Problem.identity`."""
        return {"problem": type(self).__name__, "by": self.by, "permuted": self.permuted}

    def fingerprint_rows(self, plan: Plan) -> Mapping[str, list[dict[str, Any]]]:
        """All pixels and labels of each split, as hashes, and the seed of the order."""
        return {
            split: [
                {
                    "pixels": hashlib.sha256(read.pixels.tobytes()).hexdigest(),
                    "labels": hashlib.sha256(read.labels.astype("<i8").tobytes()).hexdigest(),
                    "seed": plan.seed if self.permuted else None,
                }
            ]
            for split, read in self._reader.splits().items()
        }


class ImageSamples:
    """The images of a split, as sequences.

    Args:
        read: Pixels and labels.
        order: In which order the pixels are read ``(S * S,)``.
        width: Pixels of a step.
    """

    def __init__(self, read: Labelled, order: NDArray[np.int64], width: int) -> None:
        self._pixels, self._labels, self._order, self._width = *read, order, width
        self.lengths = np.full(len(read.labels), len(order) // width)
        self.sizes = self.lengths

    def draw(self, samples: NDArray[np.int64], epoch: int) -> Drawn:
        """See `rnnbench.data.long_range.problem.Samples.draw`."""
        pixels = self._pixels[samples].reshape(len(samples), -1)[:, self._order].astype(np.float32) / np.float32(255)
        x = pixels.reshape(len(samples), -1, self._width)
        y = np.zeros(x.shape[:2], dtype=np.int64)
        y[:, -1] = self._labels[samples]
        return Drawn(x, y, last_step(x.shape[1], len(samples)))

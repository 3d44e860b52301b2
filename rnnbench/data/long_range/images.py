"""Images read as sequences: row by row, or pixel by pixel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.images.picture import picture_of, read_image
from rnnbench.data.long_range.draws import Draw, key_of
from rnnbench.data.long_range.problem import Answers, Drawn, Inputs, Plan, Problem, Samples, last_step
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.errors import UserError, did_you_mean

By = Literal["row", "pixel"]

# Weights of red, green and blue in the grey of ITU-R 601, as Pillow has them, in thousandths.
_GREY = (299, 587, 114)


class _Read(NamedTuple):
    """The images of a split."""

    pixels: NDArray[np.uint8]
    """``(N, S * S)``, row by row from the top."""
    labels: NDArray[np.int64]
    """``(N,)``."""


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
        if not 1 <= size <= 1024:
            raise UserError(f"must be from 1 to 1024, found {size}", where="--data.source.size")
        if held_out < 0:
            raise UserError(f"must be at least 0, found {held_out}", where="--data.source.held_out")
        self.images = images
        self.by = by
        self.permuted = permuted
        self.size = size
        self.held_out = held_out
        self.columns = image, label
        self.dataset = f"{'permuted_' if permuted else ''}{images.dataset}_by_{by}"
        self._read: dict[Split, _Read] = {}
        self._names: tuple[str, ...] = ()

    @property
    def inputs(self) -> Inputs:
        """The pixels of a step."""
        return Inputs(numbers=self.size if self.by == "row" else 1)

    @property
    def answers(self) -> Answers:
        """The classes."""
        self._all()
        return Answers("class", self._names, last=True)

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
        return ImageSamples(self._all()[split], order, self.inputs.numbers)

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
            for split, read in self._all().items()
        }

    def _all(self) -> dict[Split, _Read]:
        if self._read:
            return self._read
        rows = {split: self.images.records(split) for split in SPLITS if split != "validation" or not self.held_out}
        if self.held_out:
            trained = rows["train"]
            if self.held_out >= len(trained):
                raise UserError(
                    f"{self.held_out:,} of {len(trained):,} images of training are to be held out",
                    where="--data.source.held_out",
                    hint="hold out less; 0 where there is a validation split",
                )
            out = set(np.linspace(0, len(trained) - 1, self.held_out).round().astype(int).tolist())
            rows["validation"] = [row for number, row in enumerate(trained) if number in out]
            rows["train"] = [row for number, row in enumerate(trained) if number not in out]
        labels = {split: [self._field(row, 1, split, i) for i, row in enumerate(rows[split])] for split in SPLITS}
        self._names = tuple(sorted(set(map(str, labels["train"])), key=lambda name: (len(name), name)))
        number = {name: place for place, name in enumerate(self._names)}
        for split in SPLITS:
            unknown = next((str(label) for label in labels[split] if str(label) not in number), None)
            if unknown is not None:
                raise UserError(f"{split} has the class {unknown}, which training has not", where=self.images.dataset)
            self._read[split] = _Read(
                np.stack([self._pixels(row, split, i) for i, row in enumerate(rows[split])]),
                np.array([number[str(label)] for label in labels[split]], dtype=np.int64),
            )
        return self._read

    def _field(self, row: Row, which: int, split: Split, number: int) -> Any:
        column = self.columns[which]
        if column not in row:
            raise UserError(
                f"there is no column {column!r}; there are: {', '.join(row)}",
                where=self.images.place(split, number),
                hint=f"--data.source.{('image', 'label')[which]} names it",
            )
        return row[column]

    def _pixels(self, row: Row, split: Split, number: int) -> NDArray[np.uint8]:
        value = self._field(row, 0, split, number)
        if not isinstance(value, np.ndarray):
            where = self.images.place(split, number)
            return as_grey(read_image(picture_of(value, where, Path()), self.size))
        if value.shape != (self.size, self.size) or value.dtype != np.uint8:
            raise UserError(
                f"images of {' x '.join(map(str, value.shape))} pixels of type {value.dtype}",
                where=self.images.place(split, number),
                hint=f"--data.source.size {value.shape[0]}, and one byte a pixel, are needed",
            )
        return value.reshape(-1)


class ImageSamples:
    """The images of a split, as sequences.

    Args:
        read: Pixels and labels.
        order: In which order the pixels are read ``(S * S,)``.
        width: Pixels of a step.
    """

    def __init__(self, read: _Read, order: NDArray[np.int64], width: int) -> None:
        self._pixels, self._labels, self._order, self._width = *read, order, width
        self.lengths = np.full(len(read.labels), len(order) // width)
        self.sizes = self.lengths

    def draw(self, samples: NDArray[np.int64], epoch: int) -> Drawn:
        """See `rnnbench.data.long_range.problem.Samples.draw`."""
        pixels = self._pixels[samples][:, self._order].astype(np.float32) / np.float32(255)
        x = pixels.reshape(len(samples), -1, self._width)
        y = np.zeros(x.shape[:2], dtype=np.int64)
        y[:, -1] = self._labels[samples]
        return Drawn(x, y, last_step(x.shape[1], len(samples)))


def as_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey values ``(S * S,)`` of pixels ``(S, S, 3)``; of grey ones, their value."""
    weighed = pixels.astype(np.int64) @ np.array(_GREY)
    return ((weighed + 500) // 1000).astype(np.uint8).reshape(-1)

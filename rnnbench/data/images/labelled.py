"""Grey images of one size with their classes, whatever they were read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.images.picture import Pixels, picture_of, read_image
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.errors import UserError

# Weights of red, green and blue in the grey of ITU-R 601, as Pillow has them, in thousandths.
_GREY = (299, 587, 114)


class Labelled(NamedTuple):
    """The N images of a split."""

    pixels: NDArray[np.uint8]
    """``(N, S, S)``: rows from the top."""
    labels: NDArray[np.int64]
    """``(N,)``: numbers of their classes."""


class LabelledReader:
    """Reads the images of all splits; its arguments are the options of a source that is made of such images.

    Args:
        images: Where they come from, such as ``LabelledImages``.
        size: Pixels S of a side.
        held_out: Images of the training split, spread evenly over it, that are the validation split; 0 where the data
            have one of their own.
        image: Name of the column with the images.
        label: Name of the column with the classes.

    Raises:
        UserError: A number is out of range.
    """

    def __init__(self, images: Source, size: int, held_out: int, image: str, label: str) -> None:
        if not 1 <= size <= 1024:
            raise UserError(f"must be from 1 to 1024, found {size}", where="--data.source.size")
        if held_out < 0:
            raise UserError(f"must be at least 0, found {held_out}", where="--data.source.held_out")
        self._images = images
        self._size = size
        self._held_out = held_out
        self._columns = image, label
        self._read: dict[Split, Labelled] = {}
        self._names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The classes of the training split, short names first."""
        self.splits()
        return self._names

    def splits(self) -> dict[Split, Labelled]:
        """The images of all splits, read once.

        Raises:
            UserError: A row has no image of this size or no class, a class that training lacks, or more images are to
                be held out than there are.
        """
        if not self._read:
            self._read = self._all()
        return self._read

    def _all(self) -> dict[Split, Labelled]:
        rows = {split: self._images.records(split) for split in SPLITS if split != "validation" or not self._held_out}
        if self._held_out:
            trained = rows["train"]
            if self._held_out >= len(trained):
                raise UserError(
                    f"{self._held_out:,} of {len(trained):,} images of training are to be held out",
                    where="--data.source.held_out",
                    hint="hold out less; 0 where there is a validation split",
                )
            out = set(np.linspace(0, len(trained) - 1, self._held_out).round().astype(int).tolist())
            rows["validation"] = [row for number, row in enumerate(trained) if number in out]
            rows["train"] = [row for number, row in enumerate(trained) if number not in out]
        labels = {split: [self._field(row, 1, split, i) for i, row in enumerate(rows[split])] for split in SPLITS}
        self._names = tuple(sorted(set(map(str, labels["train"])), key=lambda name: (len(name), name)))
        number = {name: place for place, name in enumerate(self._names)}
        read: dict[Split, Labelled] = {}
        for split in SPLITS:
            unknown = next((str(label) for label in labels[split] if str(label) not in number), None)
            if unknown is not None:
                raise UserError(f"{split} has the class {unknown}, which training has not", where=self._images.dataset)
            read[split] = Labelled(
                np.stack([self._pixels(row, split, i) for i, row in enumerate(rows[split])]),
                np.array([number[str(label)] for label in labels[split]], dtype=np.int64),
            )
        return read

    def _field(self, row: Row, which: int, split: Split, number: int) -> Any:
        column = self._columns[which]
        if column not in row:
            raise UserError(
                f"there is no column {column!r}; there are: {', '.join(row)}",
                where=self._images.place(split, number),
                hint=f"--data.source.{('image', 'label')[which]} names it",
            )
        return row[column]

    def _pixels(self, row: Row, split: Split, number: int) -> NDArray[np.uint8]:
        value = self._field(row, 0, split, number)
        if not isinstance(value, np.ndarray):
            where = self._images.place(split, number)
            return as_grey(read_image(picture_of(value, where, Path()), self._size))
        if value.shape != (self._size, self._size) or value.dtype != np.uint8:
            raise UserError(
                f"images of {' x '.join(map(str, value.shape))} pixels of type {value.dtype}",
                where=self._images.place(split, number),
                hint=f"--data.source.size {value.shape[0]}, and one byte a pixel, are needed",
            )
        return value


def as_grey(pixels: Pixels) -> NDArray[np.uint8]:
    """Grey values ``(S, S)`` of pixels ``(S, S, 3)``; of grey ones, their value."""
    weighed = pixels.astype(np.int64) @ np.array(_GREY)
    return ((weighed + 500) // 1000).astype(np.uint8)

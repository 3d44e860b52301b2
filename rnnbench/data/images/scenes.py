"""Scenes that are put together from images of one thing each: moved about, several of them, among clutter."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.images.labelled import Labelled, LabelledReader
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.source import Provider, Source, Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import SEED

Answer = Literal["classes", "sum"]
END = "<end>"
"""Name of the class that says: there is nothing more."""


class SceneBatch(NamedTuple):
    """B scenes of C x C pixels, with up to L answers each."""

    images: Tensor
    """``(B, C, C)`` uint8."""
    y: Tensor
    """``(B, L)`` int64 classes, `IGNORED` past the last answer."""
    ids: Tensor
    """``(B,)`` int64: number of each scene in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of scenes."""


class Scenes(Provider):
    """Images as they are, or scenes made of them, as of V. Mnih et al. (2014) and J. L. Ba et al. (2015).

    Scene i of a split shows its image i; further images and all places are drawn. What is drawn depends on the seed,
    the split, the epoch and i alone: an epoch of training has other scenes than the one before, validation and test
    always have the same. Several images of a scene stand side by side and share no column; they are asked for from the
    left to the right, and at the end, where their number varies, for `END`.

    Args:
        images: Where the images come from, such as ``LabelledImages``.
        size: Pixels S of a side of an image.
        canvas: Pixels C of a side of a scene, in which images lie anywhere; null for images as they are.
        count: Most images of a scene.
        min_count: Fewest images of a scene; null for always the most.
        answer: Whether the ``classes`` are asked for, or the ``sum`` of the numbers that they are.
        clutter: Pieces of other images that lie about in a scene.
        piece: Pixels of a side of such a piece.
        fresh: Whether every epoch of training has new scenes.
        seed: Seed of the scenes; that of a training is another one.
        held_out: Images of the training split, spread evenly over it, that are the validation split; 0 where the data
            have one of their own.
        image: Name of the column with the images.
        label: Name of the column with the classes.

    Raises:
        UserError: A number is out of range, or the images do not fit side by side.
    """

    def __init__(
        self,
        images: Source,
        size: int = 28,
        canvas: int | None = None,
        count: int = 1,
        min_count: int | None = None,
        answer: Answer = "classes",
        clutter: int = 0,
        piece: int = 8,
        fresh: bool = True,
        seed: Annotated[int, SEED] = 1,
        held_out: int = 5000,
        image: str = "image",
        label: str = "label",
    ) -> None:
        self.images = images
        self.size = size
        self.canvas = size if canvas is None else canvas
        self.count = count
        self.min_count = count if min_count is None else min_count
        self.answer: Answer = answer
        self.clutter = clutter
        self.piece = piece
        self.fresh = fresh
        self.seed = seed
        self._reader = LabelledReader(images, size, held_out, image, label)
        self._check()
        self.dataset = "_".join(map(str, [images.dataset, *self._differences()]))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes that may be an answer; `END`, where there is one, is the last."""
        names = self._reader.names
        if self.answer == "sum":
            numbers = [_number(name, self.images.dataset) for name in names]
            sums = {sum_ for sum_ in numbers if self.min_count == 1}
            of_so_many = set(numbers)
            for many in range(2, self.count + 1):
                of_so_many = {one + other for one in of_so_many for other in numbers}
                sums |= of_so_many if many >= self.min_count else set()
            return tuple(map(str, sorted(sums)))
        return (*names, END) if self.ends else names

    @property
    def ends(self) -> bool:
        """Whether `END` is asked for."""
        return self.answer == "classes" and self.min_count < self.count

    @property
    def answers(self) -> int:
        """Most answers L of a scene."""
        return 1 if self.answer == "sum" else self.count + self.ends

    def prepare(self) -> None:
        """Fetches what is missing."""
        self.images.prepare()

    def samples(self, split: Split) -> SceneSamples:
        """The scenes of a split."""
        return SceneSamples(self, split, self._reader.splits()[split], self._reader.names)

    def fingerprint_rows(self) -> dict[str, list[dict[str, Any]]]:
        """All pixels and labels of each split, as hashes."""
        return {
            split: [
                {
                    "pixels": hashlib.sha256(read.pixels.tobytes()).hexdigest(),
                    "labels": hashlib.sha256(read.labels.astype("<i8").tobytes()).hexdigest(),
                }
            ]
            for split, read in self._reader.splits().items()
        }

    def identity(self) -> dict[str, Any]:
        """What decides which scenes are made of the images."""
        if not self._differences():
            return {}
        names = ("canvas", "count", "min_count", "answer", "clutter", "piece", "fresh", "seed")
        return {name: getattr(self, name) for name in names}

    def _differences(self) -> list[str | int]:
        """What tells the scenes from the images, in a few words."""
        found: list[str | int] = [self.canvas] if self.canvas != self.size else []
        if self.count > 1:
            found += ["of", self.count if self.min_count == self.count else f"{self.min_count}_to_{self.count}"]
        found += ["sum"] if self.answer == "sum" else []
        return found + (["clutter", self.clutter] if self.clutter else [])

    def _check(self) -> None:
        option = "--data.source"
        if self.answer not in get_args(Answer):
            raise UserError(
                f"no answer is called {self.answer!r}",
                where=f"{option}.answer",
                hint=did_you_mean(self.answer, get_args(Answer)),
            )
        if not 1 <= self.min_count <= self.count:
            raise UserError(
                f"from {self.min_count} to {self.count} images cannot be in a scene",
                where=f"{option}.count",
                hint=f"at least one, and {option}.min_count not above {option}.count",
            )
        if self.count * self.size > self.canvas:
            raise UserError(
                f"{self.count} images of {self.size} pixels do not fit side by side into {self.canvas}",
                where=f"{option}.canvas",
                hint=f"at least {self.count * self.size}",
            )
        if self.clutter < 0:
            raise UserError(f"must be at least 0, found {self.clutter}", where=f"{option}.clutter")
        if not 1 <= self.piece <= self.size:
            raise UserError(f"must be from 1 to {self.size}, found {self.piece}", where=f"{option}.piece")


class SceneSamples:
    """The scenes of a split; called with some of their numbers and the epoch, it makes a batch of them.

    Args:
        scenes: How they are made.
        split: The split.
        read: Its images.
        names: Names of the images' classes.
    """

    def __init__(self, scenes: Scenes, split: Split, read: Labelled, names: tuple[str, ...]) -> None:
        self._pixels, self._labels = read
        self._split = split
        self._size, self._canvas, self._piece = scenes.size, scenes.canvas, scenes.piece
        self._counts = scenes.min_count, scenes.count
        self._clutter = scenes.clutter
        self._seed, self._fresh = scenes.seed, scenes.fresh and split == "train"
        self._ends, self._answers = scenes.ends, scenes.answers
        self._sums: dict[int, int] | None = None
        if scenes.answer == "sum":
            self._sums = {int(name): place for place, name in enumerate(scenes.names)}
            self._values = np.array([int(name) for name in names])
        # It comes after all classes.
        self._end = len(names)
        self._plain = not scenes.identity()

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``: scenes are as long as any other, so that batches are drawn from all of them."""
        return np.ones(len(self._labels), dtype=np.int64)

    def __call__(self, samples: list[int], epoch: int) -> SceneBatch:
        """The batch of some scenes."""
        numbers = np.array(samples, dtype=np.int64)
        images, labels = self._drawn(numbers, epoch)
        return SceneBatch(
            torch.from_numpy(images),
            torch.from_numpy(self._asked(labels)),
            torch.from_numpy(numbers),
            len(numbers),
        )

    def _drawn(self, numbers: NDArray[np.int64], epoch: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Scenes ``(B, C, C)``, and the classes of their images from the left to the right ``(B, count)``, -1 past."""
        if self._plain:
            return self._pixels[numbers], self._labels[numbers][:, None]
        draws = Draws(key_of(self._seed, f"scenes/{self._split}/{epoch if self._fresh else 0}"), numbers)
        least, most = self._counts
        counts = least + draws.below(most - least + 1)
        shown = np.concatenate([numbers[:, None], draws.belows(len(self._labels), most - 1)], 1)
        there = np.arange(most) < counts[:, None]
        # What is left over beside the images is shared out between them: they never share a column.
        free = self._canvas - counts * self._size
        gaps = np.sort(np.where(there, draws.belows(free[:, None] + 1, most), self._canvas), 1)
        left = gaps + np.arange(most) * self._size
        top = draws.belows(self._canvas - self._size + 1, most)
        # The image that is the scene's own stands anywhere among them.
        place = draws.below(counts)
        rows = np.arange(len(numbers))
        shown[rows, 0], shown[rows, place] = shown[rows, place], shown[rows, 0].copy()
        canvas = np.zeros((len(numbers), self._canvas, self._canvas), dtype=np.uint8)
        for which in range(most):
            some = np.flatnonzero(there[:, which])
            _put(canvas, some, self._pixels[shown[some, which]], top[some, which], left[some, which])
        for _ in range(self._clutter):
            of = draws.below(len(self._labels))
            cut = draws.belows(self._size - self._piece + 1, 2)
            put = draws.belows(self._canvas - self._piece + 1, 2)
            step = np.arange(self._piece)
            down, across = (cut[:, axis, None] + step for axis in (0, 1))
            pieces = self._pixels[of[:, None, None], down[:, :, None], across[:, None, :]]
            _put(canvas, rows, pieces, put[:, 0], put[:, 1])
        return canvas, np.where(there, self._labels[shown], -1)

    def _asked(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """The answers ``(B, L)`` where images have these classes ``(B, count)``, -1 for none."""
        there = labels >= 0
        if self._sums is not None:
            sums = np.where(there, self._values[labels], 0).sum(1)
            return np.array([[self._sums[one]] for one in sums.tolist()], dtype=np.int64)
        y = np.full((len(labels), self._answers), IGNORED, dtype=np.int64)
        y[:, : labels.shape[1]][there] = labels[there]
        if self._ends:
            y[np.arange(len(labels)), there.sum(1)] = self._end
        return y


def _put(
    canvas: NDArray[np.uint8],
    rows: NDArray[np.int64],
    pieces: NDArray[np.uint8],
    top: NDArray[np.int64],
    left: NDArray[np.int64],
) -> None:
    """Lays a piece ``(K, P, P)`` into each of some scenes; where two lie, the lighter one is seen."""
    step = np.arange(pieces.shape[1])
    down, across = top[:, None] + step, left[:, None] + step
    place = rows[:, None, None], down[:, :, None], across[:, None, :]
    canvas[place] = np.maximum(canvas[place], pieces)


def _number(name: str, dataset: str) -> int:
    if not name.isdecimal():
        raise UserError(
            f"the class {name!r} is no number, so there is no sum of it",
            where=dataset,
            hint="--data.source.answer classes",
        )
    return int(name)

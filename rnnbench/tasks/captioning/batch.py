"""Images of one split, and batches of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.batches.batch import pad, places_within
from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.images.augment import ImageAugmentation
from rnnbench.data.images.features import Features
from rnnbench.data.images.maps import identity_of, read_maps
from rnnbench.data.images.picture import Fit, Pixels, as_images, read_image
from rnnbench.data.source import Row
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.tasks.captioning.images import CaptionedImage

_SIDES = {"left", "right"}


class Regions(NamedTuple):
    """Features of B images, of up to S regions each."""

    values: Tensor
    """``(B, S, D)``, zero past each length."""
    lengths: Tensor
    """``(B,)`` int64, at least 1."""


class CaptionBatch(NamedTuple):
    """B images with all their N captions of up to T tokens, the end mark being one."""

    images: Tensor | Regions
    """What an encoder reads: pixels ``(B, 3, S, S)`` uint8, its own maps ``(B, M, rows, columns)``, or features."""
    target: Tensor
    """``(N, T + 1)`` int64: ``<bos>``, the caption, ``<eos>``, then padding; the captions of an image one after the
    other. A decoder reads ``target[:, :-1]`` and predicts ``target[:, 1:]``."""
    target_lengths: Tensor
    """``(N,)`` int64: number of predicted tokens, ``<eos>`` among them and ``<bos>`` not."""
    owner: Tensor
    """``(N,)`` int64, ascending: which image of the batch each caption is of."""
    ids: Tensor
    """``(B,)`` int64: number of each image in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of predicted tokens M, the sum of ``target_lengths``."""
    places: Tensor
    """``(M,)`` int64, see `places_within`: where a token is predicted."""


class Images:
    """The images of a split; called with some of their numbers, it makes a batch of them.

    Args:
        images: The images.
        captions: Ids of the captions of each, ``<bos>`` and ``<eos>`` among them.
        size: Pixels S of a side.
        fit: How an image becomes a square.
        seen: What was read of each image already, pixels or features; None reads an image whenever it is asked for.
        lengths: Numbers of regions, where images come with features; None for pixels.
        augment: How images are changed; None leaves them as they are.
        seed: Seed of the changes.
    """

    def __init__(
        self,
        images: Sequence[CaptionedImage],
        captions: Sequence[Sequence[Tensor]],
        size: int,
        fit: Fit,
        seen: Sequence[Pixels | Features] | None = None,
        lengths: Sequence[int] | None = None,
        augment: ImageAugmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.images = images
        # Flat, because every array that goes to another process on its own takes a descriptor there.
        self._captions = Sequences([ids for of_image in captions for ids in of_image])
        self._firsts = np.cumsum([0, *map(len, captions)])
        self.size = size
        self.fit: Fit = fit
        self._seen = (
            None if seen is None else Sequences(seen) if lengths is not None else torch.as_tensor(np.stack(seen))
        )
        self._lengths = lengths
        self._augment = augment
        self._seed = seed
        self._maps: Path | None = None
        # An image whose captions tell the sides apart means something else when mirrored.
        self._may_flip = [
            not any(_SIDES.intersection(text.lower().split()) for text in image.captions) for image in images
        ]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(N,)``: by its regions; pixels are as long as any other, so that batches are drawn from all of them."""
        return np.ones(len(self.images), dtype=np.int64) if self._lengths is None else np.array(self._lengths)

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.images)

    @property
    def tokens(self) -> int:
        """Number of predicted tokens of all captions."""
        return int((self._captions.lengths - 1).sum())

    @property
    def num_captions(self) -> int:
        """Number of captions of all images."""
        return len(self._captions)

    def captions(self, number: int) -> list[Tensor]:
        """Ids of the captions of an image, ``<bos>`` and ``<eos>`` among them."""
        return [self._captions[i] for i in range(self._firsts[number], self._firsts[number + 1])]

    def unknown(self, numbers: Iterable[int]) -> int:
        """How many words of the captions of some images the vocabulary lacks."""
        return sum(int((ids == TextEncoder.unknown).sum()) for i in numbers for ids in self.captions(i))

    def pixels(self, number: int, epoch: int | None = None) -> Pixels:
        """An image ``(S, S, 3)``, white where there are features of it and the image itself cannot be read.

        Args:
            number: Its number.
            epoch: The epoch whose changes are made; None makes none.
        """
        if self._lengths is not None:
            try:
                return read_image(self.images[number].picture, self.size, self.fit)
            except UserError:
                return np.full((self.size, self.size, 3), 255, dtype=np.uint8)
        pixels = cast(Pixels, self.look(number))
        if self._augment is None or epoch is None:
            return pixels
        random = np.random.default_rng((self._seed, epoch, number))
        return self._augment.change(pixels, random, self._may_flip[number])

    def look(self, number: int) -> Pixels | Features:
        """What models read of an image, unchanged."""
        return self.images[number].look(self.size, self.fit) if self._seen is None else self._seen[number].numpy()

    def identities(self) -> Iterator[Row]:
        """What stands for the content of each image."""
        return ({"image": identity_of(image.picture.file)} for image in self.images)

    def use_maps(self, file: Path) -> None:
        """Puts maps into batches from now on, in place of images, which then need no place in memory.

        Args:
            file: Where `rnnbench.data.images.maps.write_maps` has written them.
        """
        self._maps = file
        self._seen = None

    def __call__(self, samples: list[int], epoch: int) -> CaptionBatch:
        """The batch of these images."""
        target, marked = pad([ids for i in samples for ids in self.captions(i)], TextEncoder.pad)
        counts = torch.tensor([int(self._firsts[i + 1] - self._firsts[i]) for i in samples])
        return CaptionBatch(
            images=self._inputs(samples, epoch),
            target=target,
            target_lengths=marked - 1,
            owner=torch.arange(len(samples)).repeat_interleave(counts),
            ids=torch.tensor(samples),
            tokens=int((marked - 1).sum()),
            places=places_within(marked - 1),
        )

    def _inputs(self, samples: list[int], epoch: int) -> Tensor | Regions:
        if self._maps is not None:
            return torch.from_numpy(read_maps(self._maps, samples)).permute(0, 3, 1, 2)
        return as_read([self.look(i) if self._lengths is not None else self.pixels(i, epoch) for i in samples])


def as_read(seen: Sequence[Pixels | Features]) -> Tensor | Regions:
    """B images as an encoder reads them: pixels or features, all of them the same."""
    if seen[0].ndim == 2:
        return Regions(*pad([torch.from_numpy(one) for one in seen], 0.0))
    return as_images(cast(Sequence[Pixels], seen))


def count_images(images: Tensor | Regions) -> int:
    """Their number B."""
    return len(images.lengths) if isinstance(images, Regions) else len(images)

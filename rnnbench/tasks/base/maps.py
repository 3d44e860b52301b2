"""Maps of an encoder that stays as it is: computed once, before the training, and read in place of pixels."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import Trainer
from numpy.typing import NDArray

from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.maps import has_maps, write_maps
from rnnbench.data.images.picture import Fit, Pixels, as_images
from rnnbench.data.source import Row, Split
from rnnbench.folders import cache_folder
from rnnbench.nn.image_encoders.base import ImageEncoder
from rnnbench.tasks.base.evaluating import evaluating

_AT_ONCE = 32
_TELL_EVERY = 30.0
_LOOK_EVERY = 1.0


class Pictured(Protocol):
    """The images of a split."""

    size: int
    """Pixels S of a side."""
    fit: Fit

    @property
    def count(self) -> int:
        """Their number."""

    def pixels(self, number: int) -> Pixels:
        """One of them, as it is."""

    def identities(self) -> Iterable[Row]:
        """What stands for their content, in order."""

    def use_maps(self, file: Path) -> None:
        """Puts the maps of a file into batches from now on, in place of images."""


class HasImages(Protocol):
    """Data of an application with images."""

    num_workers: int

    @property
    def splits(self) -> Mapping[Split, Pictured]:
        """The splits that were read."""

    @property
    def augments(self) -> bool:
        """Whether images are changed in training."""


def keep_maps(encoder: ImageEncoder, data: HasImages, trainer: Trainer) -> None:
    """Lets training and validation read the maps of their images, if these stay the same.

    They lie in the cache, under a name that stands for the encoder with its weights, for the images with how they are
    read, and for what they were computed on.

    Args:
        encoder: The encoder, ready for the training.
        data: The data, set up.
        trainer: The trainer.
    """
    key = encoder.map_key()
    if key is None:
        return
    if data.augments:
        if trainer.is_global_zero:
            print("data.augment changes images, so that the encoder reads them in every step", flush=True)
        return
    how = {"device": trainer.strategy.root_device.type, "precision": trainer.precision, "torch": torch.__version__}
    files = {split: _file(images, key, how) for split, images in data.splits.items()}
    for split, file in files.items():
        if trainer.local_rank == 0 and not has_maps(file):
            images = data.splits[split]
            print(f"maps of the {images.count:,} images of {split} are computed once: {file}", flush=True)
            write_maps(file, _compute(encoder, images, data.num_workers, trainer), images.count)
        # Not a barrier: maps may take longer than processes of GPUs wait for each other.
        while not has_maps(file):
            time.sleep(_LOOK_EVERY)
        data.splits[split].use_maps(file)


def _file(images: Pictured, key: str, how: dict[str, Any]) -> Path:
    """Where the maps of these images lie, or will."""
    rows = {"": images.identities()}
    return cache_folder() / "maps" / f"{fingerprint(rows, key=key, size=images.size, fit=images.fit, **how)}.npy"


def _compute(encoder: ImageEncoder, images: Pictured, workers: int, trainer: Trainer) -> Iterator[NDArray[np.floating]]:
    count, began = images.count, time.perf_counter()
    told = began
    with evaluating(encoder), ThreadPoolExecutor(max(workers, 1)) as pool:
        for first in range(0, count, _AT_ONCE):
            last = min(first + _AT_ONCE, count)
            pixels = as_images(list(pool.map(images.pixels, range(first, last))))
            with trainer.precision_plugin.forward_context():
                maps = encoder.look(pixels.to(trainer.strategy.root_device))
            # NumPy has no bfloat16. What is wider than float32 stays as it is.
            wide = maps.to(torch.promote_types(maps.dtype, torch.float32))
            yield wide.permute(0, 2, 3, 1).cpu().numpy()
            now = time.perf_counter()
            if now - told > _TELL_EVERY or last == count:
                print(f"{last:,} of {count:,} maps, {last / (now - began):.1f} images/s", flush=True)
                told = now

"""Images changed at random in training, so that a network sees none of them twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnbench.data.images.picture import Pixels
from rnnbench.errors import UserError


@dataclass(frozen=True)
class ImageAugmentation:
    """What is done to images in training.

    Args:
        flip: Whether half of them are mirrored; not those whose captions speak of left or right.
        crop: Least share of each side that is kept, in (0, 1]: a rectangle of random size and place is stretched to
            the whole.
        light: Largest share by which they become lighter or darker, in [0, 1).
    """

    flip: bool = False
    crop: float = 1.0
    light: float = 0.0

    def check(self) -> None:
        """Refuses what is out of range.

        Raises:
            UserError: Names the option.
        """
        if not 0 < self.crop <= 1:
            raise UserError(f"must be in (0, 1], found {self.crop}", where="data.augment.crop")
        if not 0 <= self.light < 1:
            raise UserError(f"must be in [0, 1), found {self.light}", where="data.augment.light")

    def change(self, pixels: Pixels, random: np.random.Generator, may_flip: bool = True) -> Pixels:
        """A changed image.

        Args:
            pixels: The image ``(S, S, 3)``.
            random: Makes the choices.
            may_flip: Whether it means the same when mirrored.
        """
        flips, across, down, left, top, light = random.random(6)
        if self.crop < 1:
            width, height = (self.crop + (1 - self.crop) * share for share in (across, down))
            pixels = _cut(pixels, (width, left), (height, top))
        if self.light:
            factor = np.float32(1 + self.light * (2 * light - 1))
            pixels = (pixels * factor).clip(0, 255).astype(np.uint8)
        if self.flip and may_flip and flips < 0.5:
            pixels = pixels[:, ::-1]
        return pixels


def _cut(pixels: Pixels, across: tuple[float, float], down: tuple[float, float]) -> Pixels:
    """A rectangle of the image, stretched; of each direction the share that is kept, and where in what is left over."""
    from PIL import Image

    size = pixels.shape[0]
    (width, left), (height, top) = ((size * share, place * size * (1 - share)) for share, place in (across, down))
    box = (left, top, left + width, top + height)
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR, box=box))

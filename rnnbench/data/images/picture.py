"""Images of any kind, as squares of 8-bit red, green and blue.

Whatever Pillow reads can be read: with any number of bits and channels, turned as the camera says, and transparent
pixels as if they lay on white. Nothing is read in part: an image that is cut off is an error.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.reading import reading

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

Pixels = NDArray[np.uint8]
"""``(S, S, 3)``: rows from the top, columns from the left, red, green and blue."""

Fit = Literal["stretch", "crop"]
"""How an image becomes a square: its sides are stretched, or what is too long is cut off at both ends."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Extensions by which images are found in a folder."""

# Filters of warnings belong to the whole process, and threads read images at once.
_OPENING = threading.Lock()
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N")


class Picture(NamedTuple):
    """An image that has not been read."""

    file: Path | bytes
    """Its file, or the content of it."""
    name: str
    """What errors call it."""
    path: str | None = None
    """Its path, if there is one; that of a content is where it comes from."""


def picture_of(value: Any, where: str, folder: Path | None = None) -> Picture:
    """The image that a field of a row stands for.

    Args:
        value: Path of a file; or ``{"bytes": ..., "path": ...}`` as the hub and its Parquet files have it; or the
            content of a file.
        where: Where the row stands, for errors.
        folder: What a path is relative to; None for the working folder.

    Raises:
        UserError: It is none of these.
    """
    fields = value if isinstance(value, dict) else {"path" if isinstance(value, str) else "bytes": value}
    content, path = fields.get("bytes"), fields.get("path")
    if isinstance(content, bytes) and content:
        return Picture(content, f"{where}, {path}" if path else where, path if isinstance(path, str) else None)
    if not isinstance(path, str) or not path:
        raise UserError(f"no image but {type(value).__name__}", where=where, hint="a path, or the bytes of a file")
    file = Path(path).expanduser() if folder is None else folder / path
    return Picture(file, str(file), path)


def find_pictures(name: str) -> list[Picture]:
    """The image of a name, or all images in a folder of that name and in those below it.

    Args:
        name: The name, as a person gives it.

    Raises:
        UserError: It is a folder without an image.
    """
    path = Path(name).expanduser()
    if not path.is_dir():
        return [Picture(path, name)]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise UserError(f"there is no image in it ({', '.join(IMAGE_SUFFIXES)})", where=path)
    return [Picture(file, str(file)) for file in files]


def read_image(picture: Picture, size: int, fit: Fit = "stretch") -> Pixels:
    """The pixels of an image.

    Args:
        picture: The image.
        size: Pixels S of a side.
        fit: How it becomes a square.

    Raises:
        UserError: It cannot be read, is cut off, or has more pixels than Pillow's limit against decompression bombs;
            names it.
    """
    with opened(picture) as image:
        # Of a large JPEG only as much is decoded as is needed.
        image.draft("RGB", (2 * size, 2 * size))
        return square_of(image, picture.name, size, fit)


@contextmanager
def opened(picture: Picture) -> Iterator[Image]:
    """An image, or an animation at its first frame; whatever goes wrong with it within is an error that names it.

    Args:
        picture: The image.

    Raises:
        UserError: It cannot be read, is cut off, or has more pixels than Pillow's limit against decompression bombs.
    """
    from PIL import Image, UnidentifiedImageError

    content = picture.file
    if isinstance(content, Path) and not content.is_file():
        raise UserError("there is no such file", where=picture.name)
    with reading(picture.name, "a broken image"):
        try:
            with _OPENING, warnings.catch_warnings():
                # Pillow warns from its limit on, and refuses from twice as many pixels on.
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                image = Image.open(io.BytesIO(content) if isinstance(content, bytes) else content)
            with image:
                yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise UserError(
                f"more than {Image.MAX_IMAGE_PIXELS:,} pixels: it may be made to fill the memory",
                where=picture.name,
                hint="make it smaller first",
            ) from None
        except UnidentifiedImageError:
            hint = "Pillow's formats can be read"
            raise UserError("no image that can be read", where=picture.name, hint=hint) from None


def square_of(image: Image, name: str, size: int, fit: Fit = "stretch") -> Pixels:
    """The pixels of an image of Pillow, brought to a square.

    Args:
        image: The image.
        name: What errors call it.
        size: Pixels S of a side.
        fit: How it becomes a square.
    """
    return np.asarray(_square(_as_rgb(image, name), size, fit))


def as_images(pixels: Sequence[Pixels]) -> Tensor:
    """B images ``(S, S, 3)`` as ``(B, 3, S, S)`` uint8."""
    import torch

    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)


def _as_rgb(image: Image, name: str) -> Image:
    from PIL import ImageOps
    from PIL.Image import alpha_composite, fromarray, new

    image = ImageOps.exif_transpose(image)
    if image.mode in _DEEP:
        # Pillow would cut off what is over 255.
        return fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        return fromarray(_scaled(np.asarray(image), image.format == "PNG", name)).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        above = image.convert("RGBA")
        return alpha_composite(new("RGBA", above.size, "white"), above).convert("RGB")
    return image.convert("RGB")


def _scaled(values: NDArray[Any], of_16_bits: bool, name: str) -> NDArray[np.uint8]:
    """Grey values of 32 bits, whose white the file does not tell, as 8 bits.

    Args:
        values: Whole numbers or floating-point ones.
        of_16_bits: Whether the format has no more than 16 bits.
        name: What errors call the image.
    """
    least, most = float(values.min()), float(values.max())
    # Written so that NaN is refused as well.
    if not (least >= 0 and most <= 65535):
        raise UserError(
            f"grey values from {least:g} to {most:g}: which of them is white is not known",
            where=name,
            hint="save it with 8 or 16 bits, or with floating-point values from 0 to 1",
        )
    if values.dtype.kind == "f":
        white = 1 if most <= 1 else 255 if most <= 255 else 65535
        return np.rint(values * (255 / white)).astype(np.uint8)
    return (values >> 8 if of_16_bits or most > 255 else values).astype(np.uint8)


def _square(image: Image, size: int, fit: Fit) -> Image:
    from PIL import ImageOps
    from PIL.Image import Resampling

    if image.size == (size, size):
        return image
    if fit == "crop":
        return ImageOps.fit(image, (size, size), Resampling.BICUBIC)
    return image.resize((size, size), Resampling.BICUBIC, reducing_gap=3.0)

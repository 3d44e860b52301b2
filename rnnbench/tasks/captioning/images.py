"""Images with their captions, read from rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.data.images.features import FeatureFile, Features, read_features
from rnnbench.data.images.picture import Fit, Picture, Pixels, picture_of, read_image
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the image's width and height."""


class Named(NamedTuple):
    """A word of a caption that names something in the image."""

    caption: int
    """Number of the caption."""
    word: int
    """Number of the word in it."""
    boxes: tuple[Box, ...]
    """Where the things are that it names."""


@dataclass(frozen=True)
class CaptionedImage:
    """An image and what was written about it.

    Args:
        picture: The image, not read yet.
        captions: Its captions as they are in the data.
        row: Number of its first row in the split.
        part: Name of the part of the test split that it is in, apart from the main one; None for the main one.
        named: The words that name something, for data that know them.
        meaning: What a right caption says, in one form for all wordings, for data that know it.
        features: What models read in place of the image; None for the image.
    """

    picture: Picture
    captions: tuple[str, ...]
    row: int
    part: str | None = None
    named: tuple[Named, ...] = ()
    meaning: str | None = None
    features: FeatureFile | None = None

    def look(self, size: int, fit: Fit) -> Pixels | Features:
        """What models read of it.

        Args:
            size: Pixels of a side.
            fit: How an image becomes a square.

        Raises:
            UserError: It cannot be read; names it.
        """
        return read_image(self.picture, size, fit) if self.features is None else read_features(self.features)


def read_images(
    rows: Sequence[Row],
    image_column: str,
    captions_column: str | Sequence[str],
    folder: Path | None,
    place: Callable[[int], str],
) -> list[CaptionedImage]:
    """The images of a split; rows that name the same file are one image.

    Args:
        rows: The rows.
        image_column: Column with the image.
        captions_column: Column with a list of captions or with one; or several such columns.
        folder: What paths are relative to.
        place: Says where a row stands, for errors.

    Raises:
        UserError: A row lacks a column, or holds something else in it.
    """
    columns = [captions_column] if isinstance(captions_column, str) else captions_column
    images: list[CaptionedImage] = []
    known: dict[Path, int] = {}
    for number, row in enumerate(rows):
        for column in (image_column, *columns):
            if column not in row:
                raise UserError(
                    f"there is no column {column!r}; there are: {', '.join(row)}",
                    where=place(number),
                    hint=name_it(column, row),
                )
        # Not the source's own place, for which it may have to read its files anew.
        picture = picture_of(row[image_column], f"row {number + 1}", folder)
        here = functools.partial(place, number)
        captions = tuple(text for column in columns for text in _captions(row[column], column, here))
        if isinstance(picture.file, Path) and picture.file in known:
            before = images[known[picture.file]]
            images[known[picture.file]] = CaptionedImage(before.picture, before.captions + captions, before.row)
            continue
        if isinstance(picture.file, Path):
            known[picture.file] = len(images)
        named = tuple(
            Named(one["caption"], one["word"], tuple(map(tuple, one["boxes"]))) for one in row.get("named", ())
        )
        images.append(CaptionedImage(picture, captions, number, row.get("part"), named, row.get("meaning")))
    return images


def _captions(value: Any, column: str, place: Callable[[], str]) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UserError(
            f"column {column!r} holds no captions but {type(value).__name__}",
            where=place(),
            hint="a text, or a list of texts",
        )
    return tuple(texts)

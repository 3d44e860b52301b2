"""Which features belong to which image, and whether they fit together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnbench.data.images.features import FeatureFile, find_features
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import listed
from rnnbench.tasks.captioning.images import CaptionedImage


def with_features(splits: Mapping[Split, list[CaptionedImage]], path: Path) -> dict[Split, list[CaptionedImage]]:
    """The images with the files of their features, which are found by the names of the images.

    Args:
        splits: The images.
        path: Where the features are.

    Raises:
        UserError: Some have none, or two of the same name have the same; names them.
    """
    known = find_features(path)
    owners: dict[FeatureFile, str] = {}
    missing: list[str] = []

    def find(image: CaptionedImage) -> CaptionedImage:
        # An image without a name is called by its row.
        whole = image.picture.path or image.picture.name
        name = Path(whole).name
        found = known.get(name) or known.get(Path(name).stem)
        if found is None:
            missing.append(name)
            return image
        if owners.setdefault(found, whole) != whole:
            raise UserError(
                f"these would be the features of {owners[found]} and of {whole}",
                where=found.name,
                hint="give every image a name of its own",
            )
        return dataclasses.replace(image, features=found)

    done = {split: list(map(find, images)) for split, images in splits.items()}
    if missing:
        count = sum(map(len, splits.values()))
        raise UserError(
            f"{len(missing):,} of {count:,} images have no features: {listed(missing)}",
            where=f"data.features {path}",
        )
    return done


def check_widths(images: Sequence[CaptionedImage], widths: Sequence[int], expected: int | None) -> int:
    """How wide the features are.

    Args:
        images: The images, all with features.
        widths: The width of each.
        expected: That which they must have; None for that of the first.

    Raises:
        UserError: Some are of another width; names them.
    """
    expected = widths[0] if expected is None else expected
    wrong = [
        f"{image.features.name} ({width})"
        for image, width in zip(images, widths, strict=True)
        if image.features is not None and width != expected
    ]
    if wrong:
        raise UserError(
            f"{len(wrong):,} of {len(widths):,} images have features that are not {expected} wide: {listed(wrong)}",
            where="data.features",
        )
    return expected

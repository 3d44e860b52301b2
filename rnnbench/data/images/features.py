"""Features of images that were computed elsewhere, such as those of the boxes of a detector: a matrix an image.

Of an image ``1.jpg`` they stand in ``1.npy``, or in ``1.npz`` as its only array or under the name ``feat``; or, with
those of other images, in one ``.npz`` file under the name ``1`` or ``1.jpg``. Nothing is unpickled.
"""

from __future__ import annotations

import functools
import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.reading import reading

Features = NDArray[np.float32]
"""``(S, D)``: S regions of an image, D wide."""

FEATURE_SUFFIXES = (".npy", ".npz")
"""Extensions by which features are found in a folder."""

# How an archive calls its array where it is one image's.
_OWN = ("feat", "features", "arr_0")


class FeatureFile(NamedTuple):
    """Features of an image that have not been read."""

    file: Path
    """The file."""
    member: str | None = None
    """Name of the array in an archive."""

    @property
    def name(self) -> str:
        """What errors call them."""
        return str(self.file) if self.member is None or self.member in _OWN else f"{self.file}:{self.member}"


def find_features(path: Path) -> dict[str, FeatureFile]:
    """The features in a place, by the names of their images.

    Args:
        path: A ``.npy`` or ``.npz`` file, or a folder, which stands for all such files in it.

    Raises:
        UserError: There are none, or two of one name.
    """
    if not path.is_dir():
        return _of_file(path)
    found: dict[str, FeatureFile] = {}
    for file in sorted(path.rglob("*")):
        for name, one in _of_file(file).items() if file.suffix in FEATURE_SUFFIXES else ():
            if name in found:
                raise UserError(f"{name} has features in {found[name].name} and in {one.name}", where=path)
            found[name] = one
    if not found:
        raise UserError(f"there are no features in it ({', '.join(FEATURE_SUFFIXES)})", where=path)
    return found


def read_features(features: FeatureFile) -> Features:
    """Reads the features of an image.

    Args:
        features: What `find_features` has found.

    Raises:
        UserError: They cannot be read, are no matrix with a region or more, or not all are finite numbers.
    """
    with reading(features.name, "no features that can be read"):
        if features.member is None:
            values: Any = np.load(features.file, allow_pickle=False)
        else:
            values = _archive(features.file, features.file.stat().st_mtime_ns, os.getpid())[features.member]
    shape = getattr(values, "shape", ())
    if len(shape) != 2 or 0 in shape or values.dtype.kind not in "fiu":
        raise UserError(
            f"no matrix of regions by features but {getattr(values, 'dtype', 'something')} {shape}",
            where=features.name,
            hint="the cells of a grid are regions, too: reshape it to (rows * columns, width)",
        )
    # What no 32-bit number can hold becomes infinite, and is told.
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if not np.isfinite(values).all():
        raise UserError("not all features are finite numbers", where=features.name)
    return values


def _of_file(file: Path) -> dict[str, FeatureFile]:
    if not file.is_file() or file.suffix not in FEATURE_SUFFIXES:
        what = "no file of features" if file.is_file() else "there is no such file or folder"
        raise UserError(what, where=file, hint="a folder, or a .npy or .npz file")
    if file.suffix == ".npy":
        return {file.stem: FeatureFile(file)}
    with reading(file, "no archive that can be read"), zipfile.ZipFile(file) as archive:
        members = [name.removesuffix(".npy") for name in archive.namelist()]
    own = [name for name in _OWN if name in members]
    if own:
        return {file.stem: FeatureFile(file, own[0])}
    return {name: FeatureFile(file, name) for name in members}


# To open an archive takes as long as to list its arrays, and an open one cannot be shared with another process.
@functools.lru_cache(maxsize=4)
def _archive(file: Path, changed: int, process: int) -> Any:
    return np.load(file, allow_pickle=False)

"""Maps of images that a network has made, all of them in one ``.npy`` file, which may be larger than the memory."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.fetched.cache import cache_file


def identity_of(content: Path | bytes) -> Any:
    """What stands for an image or a clip: its bytes, or the place, size and date of its file."""
    if isinstance(content, bytes):
        return content
    known = content.stat()
    return str(content.resolve()), known.st_size, known.st_mtime_ns


def write_maps(file: Path, parts: Iterable[NDArray[np.floating]], count: int) -> None:
    """Writes the maps of all images, of which only a part is in memory at a time.

    Args:
        file: The file, which is written whole or not at all.
        parts: Maps of some images each ``(B, rows, columns, M)``.
        count: Number N of all images, at least 1.

    Raises:
        UserError: The file cannot be written.
    """
    # Not through a mapping of the file into memory: on a full disk that is no error but the end of the process.
    with cache_file(file) as path, path.open("wb") as stream:
        for part in parts:
            if not stream.tell():
                header = {"descr": part.dtype.str, "fortran_order": False, "shape": (count, *part.shape[1:])}
                np.lib.format.write_array_header_1_0(stream, header)
            stream.write(np.ascontiguousarray(part).data)


def has_maps(file: Path) -> bool:
    """Whether the file is there and whole."""
    try:
        np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return True


def read_maps(file: Path, numbers: list[int]) -> NDArray[np.floating]:
    """The maps of some images ``(B, rows, columns, M)``.

    Args:
        file: The file.
        numbers: Their numbers in it.
    """
    return np.asarray(_opened(file)[numbers])


# A mapping that went to another process would go there as a copy of all that it maps, so that each opens its own.
@functools.lru_cache(maxsize=8)
def _opened(file: Path) -> NDArray[np.floating]:
    return np.load(file, mmap_mode="r", allow_pickle=False)

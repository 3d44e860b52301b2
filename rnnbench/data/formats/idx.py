"""Arrays in the IDX format, in which MNIST and its relatives come."""

from __future__ import annotations

import gzip
import io
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.reading import read_file, reading

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_PACKED = b"\x1f\x8b"


def read_idx(path: Path) -> NDArray[Any]:
    """The array of a file, packed by gzip or not.

    The format: two zero bytes, a byte for the type, a byte for the number of sizes, the sizes as big-endian 32-bit
    numbers, the values (Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits).

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, is none, or has more or less values than its sizes say.
    """
    data = read_file(path)
    if data[:2] == _PACKED:
        with reading(path, "a broken gzip file"):
            data = _unpacked(data, path)
    kind, dimensions = _head(data, path)
    start = 4 + 4 * dimensions
    if len(data) < start:
        raise UserError("the file is cut off", where=path)
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    values = np.frombuffer(data, dtype=kind, offset=start, count=(len(data) - start) // np.dtype(kind).itemsize)
    if len(data) - start != math.prod(shape) * np.dtype(kind).itemsize:
        sizes = " x ".join(map(str, shape))
        raise UserError(f"{len(values):,} values, and its head says {sizes}", where=path, hint="get the file anew")
    return values.reshape(shape)


def _head(data: bytes, path: Path) -> tuple[str, int]:
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not data[3]:
        raise UserError("this is no IDX file", where=path)
    return _TYPES[data[2]], data[3]


def _unpacked(data: bytes, path: Path) -> bytes:
    """Never more than the head says: a small file may be made to fill the memory."""
    with gzip.open(io.BytesIO(data)) as packed:
        head = packed.read(4)
        kind, dimensions = _head(head, path)
        sizes = packed.read(4 * dimensions)
        if len(sizes) < 4 * dimensions:
            return head + sizes
        most = math.prod(struct.unpack(f">{dimensions}I", sizes)) * np.dtype(kind).itemsize
        return head + sizes + packed.read(most + 1)

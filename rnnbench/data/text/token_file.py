"""Token ids on disk, of which no more is in memory than is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.folders import CACHE_HINT
from rnnbench.safe_files import whole_file

_DTYPES = (np.uint8, np.uint16, np.int32)


class TokenFile:
    """A stream of token ids that is mapped into memory.

    Args:
        path: A file of nothing but the ids.
        dtype: Their number type.
        length: How many there are.

    Raises:
        UserError: The file has another size.
    """

    def __init__(self, path: Path, dtype: Any, length: int) -> None:
        self.path = path
        self.dtype = np.dtype(dtype)
        self._length = length
        if not path.is_file() or path.stat().st_size != length * self.dtype.itemsize:
            raise UserError("this file of tokens is gone or cut short", where=path, hint="remove it: it is made anew")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, span: slice) -> NDArray[Any]:
        """Some of the ids: take ``file[:]`` for one batch and drop it with the batch.

        Each call maps the file anew: what a mapping has touched counts as memory of the process as long as it lives.
        """
        if not self._length:
            return np.empty(0, self.dtype)
        return np.memmap(self.path, self.dtype, mode="r", shape=(self._length,))[span]

    def read(self) -> NDArray[Any]:
        """All of the ids, in memory."""
        return np.array(self[:])


Tokens: TypeAlias = NDArray[Any] | TokenFile
"""Token ids ``(N,)``, in memory or on disk; a slice is an array."""


def narrowest(size: int) -> type[np.integer[Any]]:
    """The number type of ids below a size that takes the fewest bytes."""
    return next(dtype for dtype in _DTYPES if size <= np.iinfo(dtype).max + 1)


def write_tokens(path: Path, parts: Iterable[NDArray[Any]], dtype: Any) -> TokenFile:
    """Writes a stream of token ids, whole or not at all.

    Args:
        path: The file; its folder exists.
        parts: The ids in order.
        dtype: Their number type.

    Raises:
        UserError: The file cannot be written.
    """
    length = 0
    with whole_file(path, CACHE_HINT) as written, written.open("wb") as file:
        for part in parts:
            part.astype(dtype, copy=False).tofile(file)
            length += len(part)
    return TokenFile(path, dtype, length)

"""Texts as sequences of ids: in memory, or, where the data are large, in files that are made once and found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.kept import Kept
from rnnbench.data.text.token_file import TokenFile, narrowest, write_tokens

_PART = 4096
T = TypeVar("T")


def encoded(
    items: Sequence[T], encode: Callable[[T], NDArray[np.int64]], size: int, kept: Kept, name: str
) -> Sequences:
    """The ids of each text, or of whatever ids are made of.

    Args:
        items: The texts.
        encode: Makes the ids ``(T,)`` of one.
        size: How many different ids there are.
        kept: What is made of these data.
        name: What the ids are called there: by all that they depend on.
    """
    if kept.folder is None:
        return Sequences([encode(item) for item in items])
    values, lengths = kept.folder / name, kept.folder / f"{name}-lengths"
    dtype = narrowest(size)

    def make() -> dict[str, Any]:
        sizes: list[NDArray[np.int32]] = []

        def parts() -> Iterator[NDArray[np.int64]]:
            rest = iter(items)
            while some := list(islice(rest, _PART)):
                ids = [encode(item) for item in some]
                sizes.append(np.array([len(one) for one in ids], dtype=np.int32))
                yield np.concatenate(ids)

        written = write_tokens(values, parts(), dtype)
        write_tokens(lengths, sizes, np.int32)
        return {"ids": len(written), "texts": sum(map(len, sizes))}

    def find(made: dict[str, Any]) -> Sequences:
        of_each = TokenFile(lengths, np.int32, made["texts"]).read()
        return Sequences.stored(TokenFile(values, dtype, made["ids"]), of_each)

    return kept(name, make, find)

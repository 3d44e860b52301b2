"""Texts as sequences of ids: in memory, or, where the data are large, in files that are made once and found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.sequences import Sequences
from rnnbench.data.kept import Kept
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.token_file import TokenFile, narrowest, write_tokens

_PART = 4096


def encoded_texts(encoder: TextEncoder, texts: Sequence[str], kept: Kept, name: str) -> Sequences:
    """The ids of each text, with no begin and end.

    Args:
        encoder: Makes them.
        texts: The texts.
        kept: What is made of these data.
        name: What the ids are called there: by all that they depend on.
    """
    if kept.folder is None:
        return Sequences([encoder.encode(text) for text in texts])
    values, lengths = kept.folder / name, kept.folder / f"{name}-lengths"
    dtype = narrowest(len(encoder))

    def make() -> dict[str, Any]:
        sizes: list[NDArray[np.int32]] = []

        def parts() -> Iterator[NDArray[np.int64]]:
            rest = iter(texts)
            while some := list(islice(rest, _PART)):
                ids = [encoder.encode(text) for text in some]
                sizes.append(np.array([len(one) for one in ids], dtype=np.int32))
                yield np.concatenate(ids)

        written = write_tokens(values, parts(), dtype)
        write_tokens(lengths, sizes, np.int32)
        return {"ids": len(written), "texts": sum(map(len, sizes))}

    def find(made: dict[str, Any]) -> Sequences:
        of_each = TokenFile(lengths, np.int32, made["texts"]).read()
        return Sequences.stored(TokenFile(values, dtype, made["ids"]), of_each)

    return kept(name, make, find)

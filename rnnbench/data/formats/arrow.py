"""Rows in Arrow files, mapped into memory and decoded when they are asked for."""

from __future__ import annotations

import functools
import itertools
import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.data.formats.class_names import features_of, name_classes
from rnnbench.data.lazy import Lazy, Numbers
from rnnbench.data.source import Row
from rnnbench.errors import UserError
from rnnbench.folders import CACHE_HINT
from rnnbench.reading import reading
from rnnbench.safe_files import whole_file

if TYPE_CHECKING:
    import pyarrow

# Rows of a text format keep the types that they have there, whatever stands in other rows: each is a JSON text.
_JSON = b"rnnbench.json"
# Rows of a record batch: what one of them costs must not stand out, and no batch be larger than memory.
_BATCH = 1024
NO_PARQUET = "not a Parquet file that can be read"
SENSELESS = "what its metadata 'huggingface' says of the columns makes no sense"


class ArrowRows(Lazy[Row]):
    """The rows of files in Arrow's form of a stream, which is that of the ``datasets`` library's cache, too.

    Classes come by their names where a file has them.

    Args:
        paths: The files, in order; they never change.
        sizes: How many bytes each has; None where that is not known.

    Raises:
        UserError: A file has another size.
    """

    def __init__(self, paths: Sequence[Path], sizes: Sequence[int] | None = None) -> None:
        self.paths = list(paths)
        self.sizes = sizes
        for path, size in zip(self.paths, sizes or (), strict=sizes is not None):
            if not path.is_file() or path.stat().st_size != size:
                raise UserError("this file of rows is gone or cut short", where=path, hint="remove it: it is made anew")

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def take(self, numbers: Numbers) -> list[Row]:
        """See `Lazy.take`."""
        places = np.asarray(numbers, dtype=np.int64)
        batch_of = np.searchsorted(self._ends, places, side="right")
        # Neighbours are decoded at once.
        new = np.flatnonzero((np.diff(batch_of) != 0) | (np.diff(places) != 1)) + 1
        rows: list[Row] = []
        for start, end in itertools.pairwise([0, *new.tolist(), len(places)] if len(places) else []):
            batch = int(batch_of[start])
            first = int(places[start]) - (int(self._ends[batch - 1]) if batch else 0)
            rows += _decoded(self._batches[batch].slice(first, end - start))
        for mapped in self._maps:
            # What was touched would count as memory of the process for as long as it is mapped.
            if hasattr(mapped, "madvise"):
                mapped.madvise(mmap.MADV_DONTNEED)
        return rows

    def __reduce__(self) -> tuple[Any, ...]:
        """Goes to another process by its files."""
        return ArrowRows, (self.paths, self.sizes)

    @functools.cached_property
    def _maps(self) -> list[mmap.mmap]:
        maps = []
        for path in self.paths:
            with reading(path, hint="check its permissions"), path.open("rb") as file:
                maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return maps

    @functools.cached_property
    def _batches(self) -> list[pyarrow.RecordBatch]:
        import pyarrow

        batches: list[pyarrow.RecordBatch] = []
        for path, mapped in zip(self.paths, self._maps, strict=True):
            with reading(path, "not an Arrow file that can be read", "remove it: it is made anew"):
                batches += pyarrow.ipc.open_stream(pyarrow.py_buffer(mapped))
        return batches

    @functools.cached_property
    def _ends(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.cumsum([batch.num_rows for batch in self._batches], dtype=np.int64)


def _decoded(batch: pyarrow.RecordBatch) -> list[Row]:
    metadata = batch.schema.metadata or {}
    if _JSON in metadata:
        return list(map(json.loads, batch.column(0).to_pylist()))
    return name_classes(batch.to_pylist(), features_of(metadata))


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Writes rows that JSON can hold, whole or not at all.

    Args:
        path: The file; its folder exists.
        rows: The rows, which need not all be in memory.

    Raises:
        UserError: The file cannot be written.
    """
    import pyarrow

    schema = pyarrow.schema([("row", pyarrow.large_string())], metadata={_JSON: b""})
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def batches() -> Iterator[pyarrow.RecordBatch]:
        rest = iter(rows)
        while some := list(itertools.islice(rest, _BATCH)):
            texts = pyarrow.array(list(map(encode, some)), pyarrow.large_string())
            yield pyarrow.record_batch([texts], schema=schema)

    write_batches(path, schema, batches())


def write_parquet_rows(path: Path, parquet: Path) -> None:
    """Writes the rows of a Parquet file, whole or not at all.

    Args:
        path: The file to write; its folder exists.
        parquet: The file to read.

    Raises:
        UserError: One cannot be read, or the other not be written.
    """
    import pyarrow.parquet

    with reading(parquet, NO_PARQUET):
        read = pyarrow.parquet.ParquetFile(parquet)
        schema = read.schema_arrow

    def batches() -> Iterator[pyarrow.RecordBatch]:
        rest = read.iter_batches(_BATCH)
        while True:
            with reading(parquet, NO_PARQUET):
                batch = next(rest, None)
                if batch is None:
                    return
                # Damage may lie in places that only a check of every value finds.
                batch.validate(full=True)
                records = batch.to_pylist()
            with reading(parquet, SENSELESS, "write it without them"):
                name_classes(records, features_of(schema.metadata))
            yield batch

    write_batches(path, schema, batches())


def write_stream(path: Path, found: Any) -> None:
    """Writes the rows of an `IterableDataset` of the ``datasets`` library, whole or not at all.

    Args:
        path: The file; its folder exists.
        found: The rows, which are read once.

    Raises:
        UserError: They are of several types, or the file cannot be written.
    """
    import pyarrow
    from datasets import Features

    tables = found.with_format("arrow").iter(_BATCH)
    first = next(tables, pyarrow.table({}))
    # Where nothing is said of the columns, those of the first rows are those of all.
    features = found.features or Features.from_arrow_schema(first.schema)
    schema = features.arrow_schema

    def batches() -> Iterator[pyarrow.RecordBatch]:
        for table in itertools.chain([first], tables):
            yield from table.select(schema.names).cast(schema).combine_chunks().to_batches()

    write_batches(path, schema, batches())


def write_batches(path: Path, schema: pyarrow.Schema, batches: Iterable[pyarrow.RecordBatch]) -> None:
    """Writes record batches, whole or not at all.

    Args:
        path: The file; its folder exists.
        schema: Their columns; with what the ``datasets`` library says of them, classes come by their names.
        batches: The batches, one at a time.

    Raises:
        UserError: The file cannot be written.
    """
    import pyarrow

    with (
        whole_file(path, CACHE_HINT) as written,
        pyarrow.OSFile(str(written), "wb") as sink,
        pyarrow.ipc.new_stream(sink, schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)

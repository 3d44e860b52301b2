"""Data in memory: written where a training, a test and a resumed training find them again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnbench.data.source import SPLITS
from rnnbench.errors import UserError, did_you_mean
from rnnbench.safe_files import whole_file

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import pyarrow

    Table: TypeAlias = pd.DataFrame | Sequence[Mapping[str, Any]] | datasets.Dataset
    Data: TypeAlias = str | Path | Table | Mapping[str, Table]

_FOLDER = "data"
_KINDS = "a path, a pandas.DataFrame, a list of dicts, a datasets.Dataset, or a dict of them by split"


def as_path(data: Data, runs: Path) -> Path:
    """Where data lie: a path as it is; data in memory are written as Parquet, under a name made of their content.

    Args:
        data: A path, a table, or tables by ``train``, ``validation`` and ``test``.
        runs: Where runs lie; the file goes into its folder ``data``.

    Raises:
        UserError: They are no table, or an empty one, or cannot be written as one.
    """
    if isinstance(data, (str, os.PathLike)):
        return Path(data)
    if not isinstance(data, Mapping):
        return _written({"": _table(data, "data")}, runs)
    for name in data:
        if name not in SPLITS:
            hint = did_you_mean(str(name), SPLITS)
            raise UserError(f"there is no split {name!r}; a row is a dict in a list", where="data", hint=hint)
    return _written({name: _table(part, f"data[{name!r}]") for name, part in data.items()}, runs)


def check_columns(frame: pd.DataFrame, where: str) -> None:
    """Refuses a table whose columns have no names to ask for, or one name twice.

    Args:
        frame: The table.
        where: What it was given as.

    Raises:
        UserError: A name is no text, or stands twice.
    """
    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names):
        raise UserError(f"names of columns are texts, found {names}", where=where)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"two columns are called {twice!r}", where=where, hint="rename one")


def _table(data: Any, where: str) -> pyarrow.Table:
    import pandas as pd
    import pyarrow as pa

    try:
        if isinstance(data, pd.DataFrame):
            check_columns(data, where)
            found = pa.Table.from_pandas(data, preserve_index=False)
        elif isinstance(data, (list, tuple)) and data and all(isinstance(row, Mapping) for row in data):
            found = pa.Table.from_pylist([dict(row) for row in data])
        elif hasattr(data, "with_format") and hasattr(data, "features"):
            found = data.with_format("arrow")[:]
        elif isinstance(data, (list, tuple)) and not data:
            raise UserError("there is no row in it", where=where)
        else:
            kind = f"a list of {type(data[0]).__name__}" if isinstance(data, (list, tuple)) else type(data).__name__
            raise UserError(f"data of this kind cannot be read: {kind}", where=where, hint=f"give {_KINDS}")
    except UnicodeEncodeError as error:
        raise UserError(f"holds what is no text in UTF-8: {error.object[error.start]!r}", where=where) from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        problem = " ".join(str(part) for part in error.args)
        raise UserError(f"a column holds values of several kinds: {problem}", where=where) from None
    if not found.num_rows:
        raise UserError("there is no row in it", where=where)
    return found


def _written(tables: Mapping[str, pyarrow.Table], runs: Path) -> Path:
    """The file, or the folder of the splits, in which the tables lie."""
    import pyarrow.parquet as pq

    base = runs / _FOLDER
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=base, hint="name another folder: runs=...") from None
    with tempfile.TemporaryDirectory(dir=base, prefix=".") as temporary:
        digest = hashlib.sha256()
        for split, table in tables.items():
            pq.write_table(table, Path(temporary) / f"{split}.parquet")
            digest.update(split.encode() + (Path(temporary) / f"{split}.parquet").read_bytes())
        name = f"table-{digest.hexdigest()[:12]}"
        if list(tables) == [""]:
            path = base / f"{name}.parquet"
            with whole_file(path) as part:
                (Path(temporary) / ".parquet").replace(part)
            return path
        path = base / name
        path.mkdir(exist_ok=True)
        for split in tables:
            with whole_file(path / f"{split}.parquet") as part:
                (Path(temporary) / f"{split}.parquet").replace(part)
        return path

"""Tables of files: CSV, TSV and Parquet."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from rnnbench.data.formats.text_file import decode
from rnnbench.data.series.columns import Columns
from rnnbench.data.series.series import SeriesTable
from rnnbench.data.series.table import series_of
from rnnbench.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl")


def read_series(data: bytes, path: Path, columns: Columns) -> SeriesTable:
    """The series of a file.

    Args:
        data: Its content.
        path: Its name, for its kind and for errors.
        columns: What its columns are.

    Raises:
        UserError: It cannot be read, or its series are not in order: see `series_of`.
    """
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return series_of(_separated(data, path), columns, path, first_line=2)
    if suffix == ".jsonl":
        import pandas as pd

        from rnnbench.data.formats.records import json_lines

        return series_of(pd.DataFrame(json_lines([decode(data, path)], path)), columns, path)
    if suffix == ".parquet":
        import pandas as pd

        try:
            frame = pd.read_parquet(io.BytesIO(data))
        except Exception as error:  # pyarrow raises whatever it likes
            raise UserError(f"not a Parquet file: {str(error).splitlines()[0]}", where=path) from None
        if frame.index.name is not None:
            frame = frame.reset_index()
        return series_of(frame, columns, path)
    raise UserError(
        f"series of kind {suffix or '(no extension)'} cannot be read", where=path, hint=f"can be: {', '.join(SUFFIXES)}"
    )


def _separated(data: bytes, path: Path) -> pd.DataFrame:
    """All fields as text; between semicolons a comma is a decimal point."""
    import pandas as pd

    text = decode(data, path)
    header = text.partition("\n")[0]
    mark = "\t" if path.suffix.lower() == ".tsv" else ";" if header.count(";") > header.count(",") else ","
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=mark, dtype=str, keep_default_na=False, skip_blank_lines=False, index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"not a table: {str(error).splitlines()[0]}", where=path) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    # An empty last line is no row.
    while len(frame) and (frame.iloc[-1].isna() | (frame.iloc[-1] == "")).all():
        frame = frame.iloc[:-1]
    if mark == ";":
        frame = frame.map(lambda field: field.replace(",", ".") if isinstance(field, str) else field)
    return frame

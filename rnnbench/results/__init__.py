"""What runs leave behind and how it is compared: reads files, and imports neither torch nor Lightning.

from rnnbench.results import compare, frame, load_runs

runs = load_runs(["runs"])
frame(runs)                                     # a pandas.DataFrame, a row for each run
for table in compare(runs).tables: ...          # what `rnnbench compare` shows
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnbench.results.frame import frame as frame
    from rnnbench.results.pairs import pairs_of as pairs_of
    from rnnbench.results.record import read_result as read_result
    from rnnbench.results.table import compare as compare
    from rnnbench.results.table import load_runs as load_runs

_FROM = {"compare": "table", "frame": "frame", "load_runs": "table", "pairs_of": "pairs", "read_result": "record"}
__all__ = ["compare", "frame", "load_runs", "pairs_of", "read_result"]


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_FROM[name]}"), name)

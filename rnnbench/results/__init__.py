"""What runs leave behind and how it is compared: reads files, and imports neither torch nor Lightning.

import rnnbench

runs = rnnbench.results("runs")                 # all runs in a folder
runs.to_pandas()                                # a pandas.DataFrame, a row for each run
for table in rnnbench.results.compare(runs).tables: ...     # what `rnnbench compare` shows
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnbench.results.pairs import pairs_of as pairs_of
    from rnnbench.results.record import read_result as read_result
    from rnnbench.results.runs import Runs as Runs
    from rnnbench.results.table import compare as compare
    from rnnbench.results.table import load_runs as load_runs

_FROM = {"Runs": "runs", "compare": "table", "load_runs": "table", "pairs_of": "pairs", "read_result": "record"}
__all__ = ["Runs", "compare", "load_runs", "pairs_of", "read_result"]


class _Results(ModuleType):
    """The module itself can be called, so that one name stands for results and for what reads them."""

    def __call__(self, *paths: str | Path) -> Runs:
        """Reads the results of runs, see `load_runs`.

        Args:
            paths: Run folders, folders of runs, or patterns; by default ``runs``.
        """
        from rnnbench.results.table import load_runs

        return load_runs(paths or ["runs"])


sys.modules[__name__].__class__ = _Results


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_FROM[name]}"), name)

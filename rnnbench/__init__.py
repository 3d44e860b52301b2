"""rnnbench: any recurrent cell on any sequence task, fast, with results that can be compared.

rnnbench.fit("sentiment/builtin", data=frame, max_epochs=3)     # trains; a Run
run = rnnbench.load("runs/sentiment/builtin-1")
run.predict(["a fine film"]); run.metrics; run.config; run.model
rnnbench.results("runs").to_pandas()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"
__all__ = ["Run", "__version__", "fit", "load", "results"]

if TYPE_CHECKING:
    from rnnbench import results as results
    from rnnbench.api.run import Run as Run
    from rnnbench.api.run import load as load
    from rnnbench.api.training import fit as fit

_FROM = {"Run": "rnnbench.api.run", "fit": "rnnbench.api.training", "load": "rnnbench.api.run"}


def __getattr__(name: str) -> Any:
    # Imported when it is asked for: torch takes seconds.
    if name == "results":
        return importlib.import_module("rnnbench.results")
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_FROM[name]), name)

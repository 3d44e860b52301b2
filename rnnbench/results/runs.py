"""Runs together, and as a table for other programs: a row for each, with all that a mixed model of them needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rnnbench.results.group import Run
from rnnbench.results.options import CONFIG_FILE, learning_rate

if TYPE_CHECKING:
    import pandas as pd


class Runs(list[Run]):
    """Runs, finished or not; a notebook shows them as a table."""

    def to_pandas(self) -> pd.DataFrame:
        """A row for each run.

        Columns: ``application``, ``dataset``, ``fingerprint``, ``model``, ``cell``, ``baseline``, ``preset``,
        ``run``, ``status``, ``seed``, ``settings``, ``learning_rate``, ``parameters``, what training took
        (``epochs``, ``steps``, ``tokens``, ``flops``, ``tokens_per_second``, ``wall_seconds``, ``cpu_seconds``,
        ``peak_memory_bytes``), the conditions (``selection``, ``budget``, ``checkpoint``, ``decoding``,
        ``start``, ``precision``, ``engine``, ``processes``, ``protocol``), ``tests`` (how often it was tested),
        ``cpu``, ``gpu``, ``threads``, ``torch``, ``commit``, ``started``, ``finished``, ``command``, ``folder``, and
        for each metric ``test_perplexity`` and the like.
        """
        import pandas as pd

        return pd.DataFrame([_row(run) for run in self])

    def _repr_html_(self) -> str:
        table = self.to_pandas()
        names = ("application", "dataset", "model", "run", "seed", "status", "parameters")
        metrics = [name for name in table.columns if name.startswith(("validation_", "test_"))]
        return table[[*names, *metrics]].to_html(index=False)


def _row(run: Run) -> dict[str, Any]:
    result = run.result
    shared = ("model", "cell", "baseline", "preset", "run", "status", "seed", "settings")
    conditions = ("selection", "budget", "checkpoint", "decoding", "precision", "engine", "processes")
    row: dict[str, Any] = {
        "application": result.application,
        "dataset": result.data.dataset,
        "fingerprint": result.data.fingerprint,
    }
    row |= {name: getattr(result, name) for name in shared}
    row |= {"learning_rate": learning_rate(run.folder / CONFIG_FILE), "parameters": result.parameters}
    row |= vars(result.training)
    row |= {name: getattr(result, name) for name in conditions}
    row |= {"start": result.protocol.start}
    row |= {"protocol": result.protocol.hash, "tests": len(result.tests)}
    row |= {name: result.hardware.get(name) for name in ("cpu", "gpu", "threads")}
    row |= {"torch": result.versions.get("torch"), "commit": result.git_commit}
    row |= {name: getattr(result, name) for name in ("started", "finished", "command")}
    row["folder"] = str(run.folder)
    return row | {
        f"{split}_{name}": metric.value for split, metrics in result.metrics.items() for name, metric in metrics.items()
    }

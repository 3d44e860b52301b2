"""Options tuned in the same way for every cell: the points that are tried, and the best of them.

A grid is all combinations of its values. A random search draws the same points for every cell, by Optuna (J. Bergstra
and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012; K. Greff et al., LSTM: A Search Space Odyssey,
2015, for a search of equal effort for every cell). The runs' own folders are the memory of the search; what Optuna
keeps of it (``tuning/optuna.log``) is written from them, for its dashboard and for the importance of the options.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import Result, read_result
from rnnbench.safe_files import replace_text
from rnnbench.study.file import Range, Study, Tuning
from rnnbench.study.plan import TUNING, Pair, Run

POINTS_FILE = "tuning.csv"
IMPORTANCE_FILE = "importance.csv"
OPTUNA_FILE = "optuna.log"


@dataclass(frozen=True)
class Trial:
    """A point that was tried, with all of its seeds.

    Args:
        point: Option -> value.
        runs: Its runs.
        metric: The metric that is tuned for, empty where no run measured it.
        better: Which way it is better.
        values: What each run measured on validation; None for one that failed.
    """

    point: Mapping[str, Any]
    runs: Sequence[Run]
    metric: str
    better: str
    values: Sequence[float | None]

    @property
    def value(self) -> float | None:
        """The mean over the seeds; None where a run failed."""
        values = [value for value in self.values if value is not None and math.isfinite(value)]
        return statistics.fmean(values) if len(values) == len(self.values) else None

    @property
    def badness(self) -> float:
        """A number to sort by; infinite where a run failed."""
        if self.value is None:
            return math.inf
        return self.value if self.better == "min" else -self.value


def points(study: Study) -> list[dict[str, Any]]:
    """The points that are tried for every cell: the same file gives the same ones.

    Args:
        study: The study.
    """
    tuning = study.tuning
    if tuning is None:
        return []
    if tuning.grid:
        return [dict(zip(tuning.grid, values, strict=True)) for values in itertools.product(*tuning.grid.values())]
    optuna = _optuna(study)
    drawn = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=tuning.seeds[0]))
    return [dict(drawn.ask(_distributions(tuning)).params) for _ in range(tuning.trials)]


def trial(point: Mapping[str, Any], runs: Sequence[Run]) -> Trial:
    """What became of a point.

    Args:
        point: Option -> value.
        runs: Its runs, one for each seed.
    """
    metric, better, values = "", "min", list[float | None]()
    for run in runs:
        result = _finished(run)
        if result is None:
            values.append(None)
            continue
        better, _, monitored = result.selection.partition(" ")
        metric = monitored.partition("/")[2]
        values.append(result.value("validation", metric))
    return Trial(point, runs, metric, better, values)


def choose(tried: Sequence[Trial]) -> Trial | None:
    """The best trial on validation, the first of equals; None where all failed.

    Args:
        tried: The trials of one cell.
    """
    best = min(tried, key=lambda one: one.badness)
    return best if math.isfinite(best.badness) else None


def write_points(study: Study, tried: Mapping[Pair, Sequence[Trial]], folder: Path) -> None:
    """Writes ``tuning.csv``: a row for each run of each trial.

    The columns: ``application`` (its id), ``preset``, ``cell``, ``budget`` (in the study's unit), ``trial`` (the
    number of the point), ``seed``, ``metric`` and ``value`` (on validation, empty for a run that failed), ``better``
    (min or max), ``chosen`` (1 for the point that the final runs have), ``run`` (its folder), and one column for each
    tuned option.

    Args:
        study: The study.
        tried: The trials of each pair.
        folder: The study's folder.
    """
    assert study.tuning is not None
    columns = ["application", "preset", "cell", "budget", "trial", "seed", "metric", "value", "better", "chosen", "run"]
    rows = []
    for pair, trials in tried.items():
        best = choose(trials)
        for number, one in enumerate(trials):
            for run, seed, value in zip(one.runs, study.tuning.seeds, one.values, strict=True):
                about = [pair.application.folder, pair.application.preset, pair.cell.label, f"{pair.amount:g}"]
                measured = [one.metric, "" if value is None else repr(value), one.better, int(one is best)]
                where = run.folder.relative_to(folder)
                rows.append([*about, number, seed, *measured, where, *one.point.values()])
    _write_csv(folder / POINTS_FILE, [*columns, *study.tuning.tuned], rows)


def write_importance(study: Study, tried: Mapping[Pair, Sequence[Trial]], folder: Path) -> str | None:
    """Writes ``importance.csv``: how much of the variation among the trials each tuned option explains.

    Its columns: ``application``, ``preset``, ``cell``, ``budget``, ``option``, ``importance``, which sum to 1 (fANOVA:
    F. Hutter, H. Hoos and K. Leyton-Brown, ICML 2014). What Optuna knows of the trials stays in ``tuning/optuna.log``.

    Args:
        study: The study.
        tried: The trials of each pair.
        folder: The study's folder.

    Returns:
        Why nothing was written, None where it was.
    """
    tuning = study.tuning
    assert tuning is not None
    if len(tuning.tuned) < 2:
        return None
    if not all(map(importlib.util.find_spec, ("optuna", "sklearn"))):
        return "the importance of the options is computed where Optuna is: pip install 'rnnbench[tune]'"
    optuna = _optuna(study)
    path = folder / TUNING / OPTUNA_FILE
    path.unlink(missing_ok=True)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    rows = []
    for pair, trials in tried.items():
        name = f"{pair.application.preset} {pair.name}"
        kept = optuna.create_study(
            storage=storage, study_name=name, direction="minimize" if trials[0].better == "min" else "maximize"
        )
        for one in trials:
            state = optuna.trial.TrialState.FAIL if one.value is None else optuna.trial.TrialState.COMPLETE
            made = {"params": dict(one.point), "distributions": _distributions(tuning), "state": state}
            kept.add_trial(optuna.trial.create_trial(**made, value=one.value))
        if sum(one.value is not None for one in trials) > 1:
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=1)
            shares = optuna.importance.get_param_importances(kept, evaluator=evaluator)
            about = [pair.application.folder, pair.application.preset, pair.cell.label, f"{pair.amount:g}"]
            rows += [[*about, option, repr(float(share))] for option, share in shares.items()]
    columns = ["application", "preset", "cell", "budget", "option", "importance"]
    _write_csv(folder / IMPORTANCE_FILE, columns, rows)
    return None


def _finished(run: Run) -> Result | None:
    path = RunFolder(run.folder).result
    if not path.is_file():
        return None
    try:
        result = read_result(path)
    except UserError:
        return None
    return result if result.status == "finished" else None


def _optuna(study: Study) -> Any:
    try:
        import optuna
    except ImportError:
        raise UserError(
            "a random search is drawn by Optuna, which is not installed",
            where=f"{study.path}: tuning.space",
            hint="pip install 'rnnbench[tune]', or try a grid of values: grid: {model.optimizer.lr: [0.001, 0.01]}",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distributions(tuning: Tuning) -> dict[str, Any]:
    """What Optuna calls the ranges and choices of a search."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, Any] = {}
    for option, space in (tuning.space or tuning.grid).items():
        if not isinstance(space, Range):
            found[option] = CategoricalDistribution(list(space))
        elif isinstance(space.low, int) and isinstance(space.high, int):
            found[option] = IntDistribution(space.low, space.high, log=space.log)
        else:
            found[option] = FloatDistribution(space.low, space.high, log=space.log)
    return found


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    replace_text(path, text.getvalue())

"""Options tuned in the same way for every cell: the points that are tried, and the best of them.

A grid is all combinations of its values. A random search draws the same points for every cell, by Optuna (J. Bergstra
and Y. Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012; K. Greff et al., LSTM: A Search Space Odyssey,
2015, for a search of equal effort for every cell). The runs' own folders are the memory of the search; what Optuna
keeps of it (``tuning/optuna.log``) is written from them, for its dashboard and for the importance of the options.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import Result, read_result
from rnnbench.safe_files import csv_text, replace_text
from rnnbench.study.file import Study
from rnnbench.study.plan import TUNING, Pair, Run
from rnnbench.study.search import Range, Tuning

POINTS_FILE = "tuning.csv"
IMPORTANCE_FILE = "importance.csv"
EXPECTED_FILE = "expected.csv"
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
        number: Number of the point.
        round: Number of the round.
    """

    point: Mapping[str, Any]
    runs: Sequence[Run]
    metric: str
    better: str
    values: Sequence[float | None]
    number: int = 0
    round: int = 0

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


def trial(point: Mapping[str, Any], runs: Sequence[Run], number: int = 0, round: int = 0) -> Trial:
    """What became of a point.

    Args:
        point: Option -> value.
        runs: Its runs, one for each seed.
        number: Number of the point.
        round: Number of the round.
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
    return Trial(point, runs, metric, better, values, number, round)


def ranked(tried: Sequence[Trial]) -> list[Trial]:
    """The trials that came to something, the best on validation first, the first of equals before the others."""
    return sorted((one for one in tried if math.isfinite(one.badness)), key=lambda one: one.badness)


def choose(tried: Sequence[Trial]) -> Trial | None:
    """The best trial of the last round; None where all failed.

    Args:
        tried: The trials of one cell.
    """
    last = max((one.round for one in tried), default=0)
    return next(iter(ranked([one for one in tried if one.round == last])), None)


def beyond(tried: Sequence[Trial]) -> dict[str, Any] | None:
    """The point next to the best one, where that has the smallest or the largest value of a number that was tried.

    Values go on as they do at the edge, by the ratio of neighbours.

    Args:
        tried: The trials of one cell.

    Returns:
        None where the best one lies inside, or nothing came of any.
    """
    best = next(iter(ranked(tried)), None)
    if best is None:
        return None
    for option, value in best.point.items():
        values = sorted({one.point[option] for one in tried if _is_positive(one.point[option])})
        if len(values) < 2 or value not in (values[0], values[-1]):
            continue
        neighbour = values[1] if value == values[0] else values[-2]
        return {**best.point, option: float(f"{value * value / neighbour:.3g}")}
    return None


def expected_best(values: Sequence[float], better: str) -> list[float]:
    """What a search of 1, 2, ... of these trials would have found, on average.

        E[best of n] = sum_i v_i (F(v_i)^n - F(v_(i-1))^n),    F the share of trials that are no better

    J. Dodge et al., Show Your Work: Improved Reporting of Experimental Results, EMNLP 2019.

    Args:
        values: What the trials measured on validation.
        better: ``max`` or ``min``.
    """
    sign, count = 1 if better == "max" else -1, len(values)
    ordered = list(enumerate(sorted(sign * value for value in values), start=1))

    def expected(n: int) -> float:
        return sign * math.fsum(value * ((i / count) ** n - ((i - 1) / count) ** n) for i, value in ordered)

    return [expected(n) for n in range(1, count + 1)]


def write_expected(tried: Mapping[Pair, Sequence[Trial]], folder: Path) -> None:
    """Writes ``expected.csv``: what a search of fewer trials would have found (`expected_best`), by cell and task.

    Its columns: ``application``, ``preset``, ``cell``, ``budget``, ``trials``, ``metric``, ``value``.

    Args:
        tried: The trials of each pair; those of the first round count.
        folder: The study's folder.
    """
    rows = []
    for pair, trials in tried.items():
        found = [one for one in trials if one.round == 0 and one.value is not None]
        values = [one.value for one in found if one.value is not None]
        about = [pair.application.folder, pair.application.preset, pair.cell.label, f"{pair.amount:g}"]
        for count, value in enumerate(expected_best(values, found[0].better if found else "min"), start=1):
            rows.append([*about, count, found[0].metric, repr(value)])
    columns = ["application", "preset", "cell", "budget", "trials", "metric", "value"]
    replace_text(folder / EXPECTED_FILE, csv_text([columns, *rows]))


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def write_points(study: Study, tried: Mapping[Pair, Sequence[Trial]], folder: Path) -> None:
    """Writes ``tuning.csv``: a row for each run of each trial.

    The columns: ``application`` (its id), ``preset``, ``cell``, ``budget`` (in the study's unit), ``trial`` (the
    number of the point), ``round`` (from 0), ``seed``, ``metric`` and ``value`` (on validation, empty for a run that
    failed), ``better`` (min or max), ``chosen`` (1 for the point that the final runs have), ``run`` (its folder), and
    one column for each tuned option.

    Args:
        study: The study.
        tried: The trials of each pair.
        folder: The study's folder.
    """
    assert study.tuning is not None
    columns = ["application", "preset", "cell", "budget", "trial", "round", "seed"]
    columns += ["metric", "value", "better", "chosen", "run"]
    rows = []
    for pair, trials in tried.items():
        best = choose(trials)
        for one in trials:
            for run, seed, value in zip(one.runs, study.tuning.seeds, one.values, strict=True):
                about = [pair.application.folder, pair.application.preset, pair.cell.label, f"{pair.amount:g}"]
                measured = [one.metric, "" if value is None else repr(value), one.better, int(one is best)]
                where = run.folder.relative_to(folder)
                rows.append([*about, one.number, one.round, seed, *measured, where, *one.point.values()])
    replace_text(folder / POINTS_FILE, csv_text([[*columns, *study.tuning.tuned], *rows]))


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
        first = [one for one in trials if one.round == 0]
        for one in first:
            state = optuna.trial.TrialState.FAIL if one.value is None else optuna.trial.TrialState.COMPLETE
            made = {"params": dict(one.point), "distributions": _distributions(tuning), "state": state}
            kept.add_trial(optuna.trial.create_trial(**made, value=one.value))
        if sum(one.value is not None for one in first) > 1:
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=1)
            shares = optuna.importance.get_param_importances(kept, evaluator=evaluator)
            about = [pair.application.folder, pair.application.preset, pair.cell.label, f"{pair.amount:g}"]
            rows += [[*about, option, repr(float(share))] for option, share in shares.items()]
    columns = ["application", "preset", "cell", "budget", "option", "importance"]
    replace_text(folder / IMPORTANCE_FILE, csv_text([columns, *rows]))
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

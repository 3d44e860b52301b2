"""How much a cell's quality depends on the learning rate: of a study's trials, or of runs that differ in it."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rnnbench.errors import UserError
from rnnbench.report.content import Section
from rnnbench.results.group import Column
from rnnbench.results.metric import better
from rnnbench.results.options import CONFIG_FILE, learning_rate
from rnnbench.results.record import RESULT_FILE, read_result
from rnnbench.study.tuning import POINTS_FILE

_READ = {"application", "budget", "seed", "metric", "value", "better", "run"}


@dataclass(frozen=True)
class Curve:
    """A model of one size under several learning rates.

    Args:
        kind: What it is drawn as.
        rates: Learning rates, ascending.
        values: The metric at each: the mean, where several runs have the rate.
    """

    kind: str
    rates: list[float]
    values: list[float]


@dataclass(frozen=True)
class Sensitivity:
    """The models of a ranking under several learning rates.

    Args:
        column: What was measured.
        lower: Whether lower is better.
        curves: The models that were trained with two rates or more.
        source: A sentence about the runs.
    """

    column: Column
    lower: bool
    curves: list[Curve]
    source: str

    def best(self, curve: Curve) -> int:
        """The place of a model's best rate, the first of equals."""
        sign = 1 if self.lower else -1
        return min(range(len(curve.rates)), key=lambda k: sign * curve.values[k])


def sensitivity_of(section: Section) -> Sensitivity | None:
    """The learning rates of a ranking's models: those that a study tried, or else those of the rows themselves.

    Args:
        section: The ranking.
    """
    return _of_trials(section) or _of_rows(section)


def _of_trials(section: Section) -> Sensitivity | None:
    """From the table of trials that a study leaves in its folder, two levels above its runs."""
    folders = {source.folder for entry in section.entries for source in entry.sources if source.folder is not None}
    configs = {source.config for entry in section.entries for source in entry.sources}
    # Sizes of a cell are not mixed.
    found: dict[tuple[str, str], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    metric, better, seeds = "", "", set[str]()
    for root in sorted({folder.parent.parent for folder in folders}):
        for row in _rows(root / POINTS_FILE):
            rate = _number(next((text for name, text in row.items() if _is_rate(name)), ""))
            value = _number(row["value"])
            # Later rounds are longer trials.
            later = row.get("round", "0") != "0"
            if row["application"] != section.application or rate is None or value is None or later:
                continue
            try:
                trained = read_result(root / row["run"] / RESULT_FILE)
            except UserError:
                continue
            if trained.data.fingerprint != section.fingerprint or trained.preset not in configs:
                continue
            metric, better = row["metric"], row["better"]
            seeds.add(row["seed"])
            found[trained.cell or trained.model, row["budget"]][rate].append(value)
    source = f"Values of the tuning's trials, {len(seeds)} seed{'s' if len(seeds) != 1 else ''} each."
    models = ((kind, values) for (kind, _), values in found.items())
    return _sensitivity(Column("validation", metric), better == "min", models, source)


def _of_rows(section: Section) -> Sensitivity | None:
    found: dict[tuple[str, float], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    alike: dict[tuple[str, float], int] = defaultdict(int)
    rows = [(entry, (entry.kind, entry.costs.get("parameters", 0))) for entry in section.entries if entry.cell]
    for _, size in rows:
        alike[size] += 1
    for entry, size in rows:
        mean, folder = section.mean(entry), entry.sources[0].folder
        # Configurations are slow to read, and a size that stands in one row was not tuned.
        if mean is None or folder is None or alike[size] < 2:
            continue
        rate = learning_rate(folder / CONFIG_FILE)
        if rate is not None:
            found[size][rate].append(mean)
    leading = section.leading
    if leading is None or better(leading.metric) is None:
        return None
    models = ((kind, values) for (kind, _), values in found.items())
    return _sensitivity(leading, better(leading.metric) == "lower", models, "")


def _sensitivity(
    column: Column, lower: bool, models: Iterable[tuple[str, dict[float, list[float]]]], source: str
) -> Sensitivity | None:
    curves = [
        Curve(kind, sorted(values), [fmean(values[rate]) for rate in sorted(values)])
        for kind, values in models
        if len(values) > 1
    ]
    return Sensitivity(column, lower, curves, source) if curves else None


def _rows(path: Path) -> list[dict[str, str]]:
    """The whole rows of a table; none where it is missing, damaged or another one."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if row.keys() >= _READ and None not in row.values()]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _is_rate(option: str) -> bool:
    return option.endswith((".optimizer.lr", ".optimizer.init_args.lr"))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

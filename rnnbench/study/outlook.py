"""What a study will cost and what it can show, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import read_result
from rnnbench.results.rows import Row
from rnnbench.results.statistics.power import detectable
from rnnbench.results.statistics.summary import MIN_SEEDS
from rnnbench.study import plan
from rnnbench.study.file import Application, Study


def outlook(study: Study, folder: Path, rows: Sequence[Row], workers: int) -> str:
    """Runs, cost, hours and power of a study, in a few lines.

    Args:
        study: The study.
        folder: Its folder: what is finished in it says how long a training takes.
        rows: The committed rows, which say it for presets that never ran there.
        workers: How many run at a time.
    """
    pairs = plan.pairs(study)
    finals, beside = len(pairs) * len(study.seeds), len(plan.baselines(study, folder))
    lines = [f"{len(study.applications)} applications x {len(study.cells)} cells x {len(study.seeds)} seeds"]
    trials = _trials(study) if study.tuning is not None else []
    for number, (count, fraction) in enumerate(trials, start=1):
        lines.append(f"round {number} of tuning: {count * len(pairs)} trials of {fraction:.3g} of a training")
    if study.tuning is not None and study.tuning.widen:
        lines.append(f"wider where the best lies at the edge: {study.tuning.widen * len(pairs)} trials more at most")
    lines.append(f"final runs: {finals}; baselines: {beside}")
    each = sum(count * fraction for count, fraction in trials) + len(study.seeds)
    lines.append(f"cost: {each * len(pairs):.4g} trainings of the whole budget, {each:.3g} for each cell on each task")
    return "\n".join([*lines, _time(study, folder, rows, each, workers), *_power(study)]) + "\n"


def _trials(study: Study) -> list[tuple[int, float]]:
    """For each round, how many trials a cell has, and how long one is."""
    assert study.tuning is not None
    seeds, counts = len(study.tuning.seeds), study.tuning.counts
    return [(seeds * count, one.fraction) for count, one in zip(counts, study.tuning.rounds, strict=True)]


def _time(study: Study, folder: Path, rows: Sequence[Row], each: float, workers: int) -> str:
    known: Mapping[str, float | None] = {
        application.preset: _seconds(study, application, folder, rows) for application in study.applications
    }
    unknown = [preset for preset, seconds in known.items() if seconds is None]
    of_cell = {application.preset: len(study.cells) * len(application.amounts) for application in study.applications}
    total = sum(seconds * of_cell[preset] * each for preset, seconds in known.items() if seconds is not None)
    hours = f"time: about {total / 3600 / workers:.3g} hours with {workers} at a time"
    if len(unknown) == len(known):
        return f"time: not known before a first run of {', '.join(unknown)}"
    return f"{hours}, and what {', '.join(unknown)} take, of which nothing is known yet" if unknown else hours


def _seconds(study: Study, application: Application, folder: Path, rows: Sequence[Row]) -> float | None:
    """How long a training takes: as the budget says, as it took here, or as a committed row took for an epoch."""
    if study.unit == "seconds":
        return fmean(application.amounts)
    took = []
    for pair in plan.pairs(study):
        if pair.application is application:
            took += [s for run in plan.finals(study, pair, {}, folder) if (s := _took(run.folder)) is not None]
    if took:
        return fmean(took)
    found = next((row for row in rows if row.config == application.preset and row.minutes and row.epochs), None)
    options = {**study.options, **application.options}
    planned = options.get("trainer.max_epochs", application.defaults.get("max_epochs"))
    if found is None or found.minutes is None or found.epochs is None or not isinstance(planned, int) or planned < 1:
        return None
    return found.minutes * 60 / found.epochs * planned


def _took(folder: Path) -> float | None:
    path = RunFolder(folder).result
    try:
        result = read_result(path) if path.is_file() else None
    except UserError:
        return None
    return result.training.wall_seconds if result is not None and result.status == "finished" else None


def _power(study: Study) -> list[str]:
    seeds, cells = len(study.seeds), len(study.cells)
    if seeds < MIN_SEEDS or cells < 2:
        return [f"power: none; a rank takes {MIN_SEEDS} seeds of two cells"]
    families = {f"all {math.comb(cells, 2)} pairs of cells": math.comb(cells, 2)}
    if study.reference is not None:
        families = {f"{cells - 1} cells against {study.reference.title}, which is tested": cells - 1} | families
    return [
        f"power: {name}: {detectable(seeds, count):.1f} standard deviations of the seeds are seen in 4 of 5 cases"
        for name, count in families.items()
    ]

"""Cells over several tasks: mean ranks, and aggregates of scores that run from chance to the best cell of a task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rnnbench.errors import UserError, did_you_mean
from rnnbench.report.content import Entry, Section
from rnnbench.report.text import listed
from rnnbench.results.metric import badness, better
from rnnbench.results.statistics import hierarchy
from rnnbench.results.statistics.hierarchy import Effects, effects
from rnnbench.results.statistics.summary import Summary
from rnnbench.results.statistics.tasks import (
    CriticalDifference,
    Estimate,
    critical_difference,
    interquartile_mean,
    mean_ranks,
    performance_profile,
    probability_of_improvement,
)

_MOST_CELLS = 12
# Of many tasks with other cells each, the first intersections are searched.
_MOST_BLOCKS = 2000
MIN_TASKS = 10
"""Fewer tasks are no sample of tasks: J. Demsar, JMLR 2006, section 3.2.2, asks for more than ten."""
_STEPS = 50


@dataclass(frozen=True)
class Scores:
    """What several seeds say of cells on one scale: 0 is chance, 1 the mean of the best cell of a task.

    Args:
        typical: For each cell the interquartile mean of its scores.
        thresholds: Scores, ascending.
        profiles: For each cell the share of its runs above each threshold.
        reference: The place of the cell that others are compared with.
        effects: What the hierarchical model says; None for fewer than three tasks.
    """

    typical: list[Estimate]
    thresholds: list[float]
    profiles: list[list[Estimate]]
    reference: int
    effects: Effects | None


@dataclass(frozen=True)
class Overall:
    """Cells that all were measured on the same tasks, the best mean rank first.

    Args:
        tasks: The rankings, one a task.
        cells: Names of the cells.
        entries: For each cell, its row in each ranking.
        ranks: Mean ranks; the interval is missing where a task has one seed.
        critical: Friedman's and Nemenyi's tests; None for fewer than three cells or ten tasks.
        wins: For each cell after the first: how probably the first one beats it; nothing where a task has one seed.
        scores: The cells on one scale; None where a task has one seed.
        left_out: What is not compared and why, a sentence each.
    """

    tasks: list[Section]
    cells: list[str]
    entries: list[list[Entry]]
    ranks: list[Summary]
    critical: CriticalDifference | None
    wins: list[Estimate]
    scores: Scores | None
    left_out: list[str]


def overall(sections: Sequence[Section], named: Sequence[str] = (), reference: str | None = None) -> Overall | None:
    """The largest table of cells and tasks without a gap; None where there are not two of each.

    A cell that stands in several rows of a ranking is there with the row that is best on validation.

    Args:
        sections: The rankings.
        named: The cells that are to be compared, on all tasks that have them; the largest table where none is named.
        reference: The cell that others are compared with; the first one by mean rank where it is not among them.

    Raises:
        UserError: No ranking has a cell of that name.
    """
    tables = [(section, _best_rows(section)) for section in sections]
    known = sorted({cell for _, rows in tables for cell in rows})
    for cell in named:
        if cell not in known:
            raise UserError(f"no ranking has a cell {cell}", where="--cells", hint=did_you_mean(cell, known))
    tasks: dict[tuple[str, str], tuple[Section, dict[str, Entry]]] = {}
    # Of several rankings on the same data, the one with most cells, and with most seeds.
    for section, rows in sorted(tables, key=lambda pair: (-len(pair[1]), -_seeds(pair[1]))):
        if len(rows) > 1:
            tasks.setdefault((section.application, section.fingerprint), (section, rows))
    block = frozenset(named) if named else _largest_block([frozenset(rows) for _, rows in tasks.values()])
    chosen = [(section, rows) for section, rows in tasks.values() if block <= rows.keys()]
    if len(chosen) < 2 or len(block) < 2:
        return None
    scores = {cell: [_scores(section, rows[cell]) for section, rows in chosen] for cell in sorted(block)}
    means = {cell: [math.fsum(some) / len(some) for some in of_tasks] for cell, of_tasks in scores.items()}
    order = sorted(scores, key=lambda cell: (_mean_rank(cell, means), cell))[:_MOST_CELLS]
    several = all(len(some) > 1 for cell in order for some in scores[cell])
    plain = {cell: _mean_rank(cell, {other: means[other] for other in order}) for cell in order}
    ranks = [Summary(plain[cell]) for cell in order]
    wins: list[Estimate] = []
    common: Scores | None = None
    if several:
        common = _on_one_scale([section for section, _ in chosen], order, scores, reference)
        found = mean_ranks([scores[cell] for cell in order])
        ranks = [Summary(one.value, None, one.low, one.high) for one in found]
        wins = [probability_of_improvement(scores[order[0]], scores[cell]) for cell in order[1:]]
    table = [[means[cell][task] for cell in order] for task in range(len(chosen))]
    enough = len(order) > 2 and len(chosen) >= MIN_TASKS
    return Overall(
        tasks=[section for section, _ in chosen],
        cells=order,
        entries=[[rows[cell] for _, rows in chosen] for cell in order],
        ranks=ranks,
        critical=critical_difference(table) if enough else None,
        wins=wins,
        scores=common,
        left_out=_left_out(list(tasks.values()), block, order),
    )


def _on_one_scale(
    tasks: Sequence[Section], cells: Sequence[str], scores: dict[str, list[list[float]]], reference: str | None
) -> Scores:
    """Aggregates of the scores of all cells.

    Chance is that of the metric where it is known, or else the worst row of the ranking, baselines among them.
    """
    scaled: dict[str, list[list[float]]] = {cell: [] for cell in cells}
    for task, section in enumerate(tasks):
        found = {cell: [_additive(section, score) for score in scores[cell][task]] for cell in cells}
        best = max(math.fsum(some) / len(some) for some in found.values())
        nothing = _additive(section, _floor(section))
        # Where no cell is better than chance, all are at it.
        span = best - nothing if best > nothing else math.inf
        for cell in cells:
            scaled[cell].append([(score - nothing) / span for score in found[cell]])
    models = [scaled[cell] for cell in cells]
    lowest = max(-0.5, min(0.0, *(score for model in models for task in model for score in task)))
    highest = max(1.0, *(score for model in models for task in model for score in task))
    thresholds = [lowest + (highest - lowest) * step / _STEPS for step in range(_STEPS + 1)]
    place = cells.index(reference) if reference in cells else 0
    return Scores(
        typical=[interquartile_mean(model) for model in models],
        thresholds=thresholds,
        profiles=[performance_profile(model, thresholds) for model in models],
        reference=place,
        effects=effects(models, place) if len(tasks) >= hierarchy.MIN_TASKS else None,
    )


def _additive(section: Section, score: float) -> float:
    """A score on a scale of which shares can be taken: perplexities multiply, and their logarithms add."""
    assert section.leading is not None
    return -math.log(-score) if section.leading.metric == "perplexity" and score < 0 else score


def _floor(section: Section) -> float:
    """The score of a model that knows nothing, higher being better."""
    assert section.leading is not None
    metric = section.leading.metric
    if section.chance is not None:
        return -badness(metric, section.chance)
    means = [mean for entry in section.entries if (mean := section.mean(entry)) is not None and math.isfinite(mean)]
    return min(-badness(metric, mean) for mean in means)


def _largest_block(tasks: Sequence[frozenset[str]]) -> frozenset[str]:
    """The cells of the largest table without a gap: those that some tasks have in common, times these tasks."""
    common = dict.fromkeys(tasks)
    for cells in tasks:
        common |= dict.fromkeys(cells & other for other in list(common)[:_MOST_BLOCKS])

    def size(block: frozenset[str]) -> tuple[int, int, list[str]]:
        count = sum(block <= cells for cells in tasks)
        return (len(block) * count if len(block) > 1 and count > 1 else 0), count, sorted(block)

    return max(common, key=size, default=frozenset())


def _left_out(
    tasks: Sequence[tuple[Section, dict[str, Entry]]], block: frozenset[str], shown: Sequence[str]
) -> list[str]:
    notes = []
    for section, rows in tasks:
        if lacking := sorted(block - rows.keys()):
            notes.append(f"{section.dataset} is left out: it has no {listed(lacking)}.")
    others = sorted({cell for _, rows in tasks for cell in rows} - block)
    if others:
        notes.append(f"Not on all of these tasks: {listed(others, 8)}.")
    if len(shown) < len(block):
        notes.append(f"The first {len(shown)} of {len(block)} cells by mean rank.")
    return notes


def _best_rows(section: Section) -> dict[str, Entry]:
    """Cell -> its best row by the validation value of the leading metric."""
    leading = section.leading
    if leading is None or better(leading.metric) is None:
        return {}
    found: dict[str, tuple[float, Entry]] = {}
    for entry in section.entries:
        mean = section.mean(entry)
        if entry.cell is None or entry.baseline or mean is None or not math.isfinite(mean):
            continue
        summary = entry.values.get(leading._replace(split="validation")) or entry.values[leading]
        score = badness(leading.metric, summary.mean)
        if entry.cell not in found or score < found[entry.cell][0]:
            found[entry.cell] = (score, entry)
    return {cell: entry for cell, (_, entry) in found.items()}


def _seeds(rows: dict[str, Entry]) -> int:
    return min((len(entry.seed_values) for entry in rows.values()), default=0)


def _scores(section: Section, entry: Entry) -> list[float]:
    """The values of the seeds, higher being better; the mean alone where the seeds are not known."""
    assert section.leading is not None
    values = [value for value in entry.seed_values if math.isfinite(value)] or [entry.values[section.leading].mean]
    return [-badness(section.leading.metric, value) for value in values]


def _mean_rank(cell: str, means: dict[str, list[float]]) -> float:
    """Mean over the tasks of 1 + number of better cells, equal ones counting half."""
    ranks = []
    for task, score in enumerate(means[cell]):
        others = [means[other][task] for other in means if other != cell]
        ranks.append(1 + sum(other > score for other in others) + sum(other == score for other in others) / 2)
    return math.fsum(ranks) / len(ranks)

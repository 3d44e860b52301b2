"""Finished runs entered among the committed rows: one run, or the same run with several seeds as mean and deviation."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.metric import comparable, in_order
from rnnbench.results.record import Metric, Result, Split
from rnnbench.results.rows import Row, check_row


def record_result(
    rows: Sequence[Row],
    results: Sequence[Result],
    *,
    table: str,
    name: str | None = None,
    metric: str | None = None,
    published: float | None = None,
    published_source: str | None = None,
    tolerance: float | None = None,
) -> list[Row]:
    """The rows with these results among them as one: in the place of the row of that name, or at its table's end.

    Args:
        rows: The rows so far.
        results: A finished run's result, or those of runs that differ in the seed alone.
        table: The table it belongs to.
        name: The row's name; the model's name by default.
        metric: The metric to record; by default the one the row already has, or else the leading one.
        published: The published value; what is not given here stays as the row has it.
        published_source: Where it is published.
        tolerance: How far from published, either way, still counts as reproduced.
    """
    result = results[0]
    name = name or result.model
    old = next((row for row in rows if (row.table, row.name) == (table, name)), None)
    for one in results:
        if one.status != "finished":
            raise UserError(f"the run {one.run} is not finished: {one.status}", hint="only finished runs are recorded")
    if result.preset is None:
        raise UserError(f"the run {result.run} was not made with a shipped config", hint="run a config under configs/")
    if old and old.config != result.preset:
        raise UserError(
            f"the row {name} of {table} belongs to {old.config}, and this run was made with {result.preset}",
            hint="give the row another name with --name",
        )
    chosen, measured = _measured(result, metric or (old.metric if old else None))
    for one in results[1:]:
        _check_alike(result, one, chosen)
    results = sorted(results, key=lambda one: one.seed or 0)
    seeds = [one.seed for one in results if one.seed is not None]
    if len(set(seeds)) < len(results) > 1:
        raise UserError(f"these runs have the seeds {seeds}", hint="each run of a row needs a seed of its own")
    speeds = [one.training.tokens_per_second for one in results if one.training.tokens_per_second is not None]
    validation, validation_deviation = _summary(results, "validation", chosen)
    test, test_deviation = _summary(results, "test", chosen)
    values = _values(results, "validation" if test is None else "test", chosen)
    row = Row(
        table=table,
        name=name,
        config=result.preset,
        command=result.command,
        dataset=result.data.dataset,
        fingerprint=result.data.fingerprint,
        metric=chosen,
        signature=measured["test" if "test" in measured else "validation"].signature,
        validation=validation,
        validation_deviation=validation_deviation,
        test=test,
        test_deviation=test_deviation,
        seeds=tuple(seeds),
        epochs=round(result.training.epochs, 3),
        parameters=result.parameters,
        minutes=round(statistics.fmean(one.training.wall_seconds for one in results) / 60, 2),
        tokens_per_second=round(statistics.fmean(speeds), 1) if speeds else None,
        hardware=_facts(result.hardware),
        versions=_facts(result.versions),
        commit=_commits(results),
        date=(result.finished or "")[:10],
        published=published if published is not None or old is None else old.published,
        published_source=published_source or (old.published_source if old else ""),
        tolerance=tolerance if tolerance is not None or old is None else old.tolerance,
        note=old.note if old else "",
        cell=result.cell or "",
        seed_values=tuple(values),
        flops=result.training.flops,
        memory_bytes=max(one.training.peak_memory_bytes for one in results),
        selection=result.selection,
        budget=result.budget or "",
    )
    try:
        check_row(row)
    except ValueError as error:
        raise UserError(str(error), where=f"run {result.run}", hint="nothing was recorded") from None
    if old:
        return [row if other is old else other for other in rows]
    after = max((place for place, other in enumerate(rows, start=1) if other.table == table), default=len(rows))
    return [*rows[:after], row, *rows[after:]]


def _measured(result: Result, metric: str | None) -> tuple[str, dict[str, Metric]]:
    known = in_order((name for metrics in result.metrics.values() for name in metrics), result.application)
    if not known:
        raise UserError(f"the run {result.run} has measured nothing", hint="test it: rnnbench test --run RUN")
    chosen = metric or known[0]
    if chosen not in known:
        raise UserError(f"the run {result.run} has no {chosen}", hint=did_you_mean(chosen, known))
    return chosen, {split: metrics[chosen] for split, metrics in result.metrics.items() if chosen in metrics}


def _check_alike(first: Result, other: Result, metric: str) -> None:
    """Runs of one row differ in the seed alone."""
    facts = {
        "preset": (first.preset, other.preset),
        "model": (first.model, other.model),
        "start": tuple(None if one.start is None else one.start.about for one in (first, other)),
        "data fingerprint": (first.data.fingerprint, other.data.fingerprint),
        "number of parameters": (first.parameters, other.parameters),
        "number of steps": tuple(_steps(one) for one in (first, other)),
        "settings": (first.settings, other.settings),
        "rule of selection": (first.selection, other.selection),
        "budget": (first.budget, other.budget),
        "tested state": (first.checkpoint, other.checkpoint),
        "way of decoding": (first.decoding, other.decoding),
        "way of measuring": tuple(
            {
                split: comparable(metrics[metric].signature)
                for split, metrics in one.metrics.items()
                if metric in metrics
            }
            for one in (first, other)
        ),
    }
    for fact, (a, b) in facts.items():
        if a != b:
            raise UserError(
                f"the runs {first.run} and {other.run} differ in their {fact}: {a}, {b}",
                hint="one row is one run, or the same run with several seeds",
            )


def _steps(result: Result) -> int | None:
    """The number that the budget gives; None where it is in seconds or operations, and the seed decides, too."""
    limits = (result.budget or "").split("|")
    return None if any(limit.startswith(("seconds:", "flops:")) for limit in limits) else result.training.steps


def _summary(results: Sequence[Result], split: Split, metric: str) -> tuple[float | None, float | None]:
    """Mean and sample deviation over the runs; no deviation is invented for a single one."""
    values = _values(results, split, metric)
    if not values:
        return None, None
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def _values(results: Sequence[Result], split: Split, metric: str) -> list[float]:
    """The value of every run; nothing where one lacks it."""
    values = [value for one in results if (value := one.value(split, metric)) is not None]
    return values if len(values) == len(results) else []


def _commits(results: Sequence[Result]) -> str:
    """The commits that made the runs; empty where one of them is not known."""
    found = dict.fromkeys(one.git_commit or "" for one in results)
    return "" if "" in found else " ".join(found)


def _facts(facts: dict[str, Any]) -> str:
    return "; ".join(f"{name} {fact}" for name, fact in sorted(facts.items()))

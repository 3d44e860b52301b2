"""A run's result entered among the committed rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.committed import Row, check_row
from rnnbench.results.metric import in_order
from rnnbench.results.record import Metric, Result


def record_result(
    rows: Sequence[Row],
    result: Result,
    *,
    table: str,
    name: str | None = None,
    metric: str | None = None,
    published: float | None = None,
    published_source: str | None = None,
    tolerance: float | None = None,
) -> list[Row]:
    """The rows with ``result`` among them: in the place of the row of that name, or at the end of its table.

    Args:
        rows: The rows so far.
        result: A finished run's result.
        table: The table it belongs to.
        name: The row's name; the model's name by default.
        metric: The metric to record; by default the one the row already has, or else the leading one.
        published: The published value; what is not given here stays as the row has it.
        published_source: Where it is published.
        tolerance: How much worse than published still counts as reproduced.
    """
    name = name or result.model
    old = next((row for row in rows if (row.table, row.name) == (table, name)), None)
    if result.status != "finished":
        raise UserError(
            f"the run {result.run} is not finished: {result.status}", hint="only finished runs are recorded"
        )
    if result.preset is None:
        raise UserError(f"the run {result.run} was not made with a shipped config", hint="run a config under configs/")
    if old and old.config != result.preset:
        raise UserError(
            f"the row {name} of {table} belongs to {old.config}, and this run was made with {result.preset}",
            hint="give the row another name with --name",
        )
    metric = metric or (old.metric if old else None)
    chosen, measured = _measured(result, metric)
    values = {split: found.value for split, found in measured.items()}
    speed = result.training.tokens_per_second
    row = Row(
        table=table,
        name=name,
        config=result.preset,
        command=result.command,
        dataset=result.data.dataset,
        fingerprint=result.data.fingerprint,
        metric=chosen,
        signature=measured["test" if "test" in measured else "validation"].signature,
        validation=values.get("validation"),
        test=values.get("test"),
        seeds=() if result.seed is None else (result.seed,),
        epochs=round(result.training.epochs, 3),
        parameters=result.parameters,
        minutes=round(result.training.wall_seconds / 60, 2),
        tokens_per_second=None if speed is None else round(speed, 1),
        hardware=_facts(result.hardware),
        versions=_facts(result.versions),
        commit=result.git_commit or "",
        date=(result.finished or "")[:10],
        published=published if published is not None or old is None else old.published,
        published_source=published_source or (old.published_source if old else ""),
        tolerance=tolerance if tolerance is not None or old is None else old.tolerance,
        note=old.note if old else "",
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
    known = in_order(name for metrics in result.metrics.values() for name in metrics)
    if not known:
        raise UserError(f"the run {result.run} has measured nothing", hint="test it: rnnbench test --run RUN")
    chosen = metric or known[0]
    if chosen not in known:
        raise UserError(f"the run {result.run} has no {chosen}", hint=did_you_mean(chosen, known))
    return chosen, {split: metrics[chosen] for split, metrics in result.metrics.items() if chosen in metrics}


def _facts(facts: dict[str, Any]) -> str:
    return "; ".join(f"{name} {fact}" for name, fact in sorted(facts.items()))

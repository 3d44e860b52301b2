"""Sentences below a table about how sure its order is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING

from rnnbench.results.curve import first_reached
from rnnbench.results.group import Column, Group
from rnnbench.results.metric import format_value
from rnnbench.results.significance import LEVEL, Learned, Verdict
from rnnbench.results.statistics.summary import MIN_SEEDS

if TYPE_CHECKING:
    from rnnbench.results.table import Table

_MOST = 8
_SOURCES = {
    "stated": "as stated",
    "card": "as the card of the application says",
    "values": "the gap between the values",
}


def failures(table: Table, leading: Column) -> list[str]:
    """Which runs came to nothing, and what they count."""
    notes = []
    for label, group in zip(table.labels(), table.groups, strict=True):
        failed = group.failures(leading)
        if not failed:
            continue
        rest = [run.result.value(*leading) for run in group.runs if run not in failed]
        others = [value for value in rest if value is not None]
        why = "; ".join(dict.fromkeys(run.result.message or f"{leading} is no number" for run in failed))
        beside = f", beside {format_value(fmean(others))} of the others" if others else ""
        counted = format_value(group.chances.get(leading))
        notes.append(
            f"{label}: {len(failed)} of {len(group.runs)} seeds failed ({why}) and count as chance, {counted}{beside}."
        )
    return notes


def certainty(table: Table, leading: Column) -> list[str]:
    """By which tests the order was found, and what is missing."""
    if len(table.groups) < 2:
        return []
    if table.verdict is None:
        return [f"Ordered by value, without ranks: a rank takes {MIN_SEEDS} seeds{_few(table, leading)}."]
    verdict = table.verdict
    notes = [_how(table, verdict), *_seen(table, verdict, leading)]
    if verdict.learned is not None:
        notes.append(_learned(table, verdict.learned, leading))
    if any(rank is None for rank in verdict.ranks) and verdict.reference is None:
        notes.append(f"No rank with fewer than {MIN_SEEDS} seeds{_few(table, leading)}.")
    return notes


def _how(table: Table, verdict: Verdict) -> str:
    tests, pairs = verdict.tests, verdict.tested
    used = ", ".join(tests[:-1]) + f" and {tests[-1]}" if len(tests) > 1 else tests[0]
    if any(name.endswith("test items") for name in tests) and len(tests) > 1:
        used += "; seeds and items must both see a difference"
    holm = f"Holm's correction over {pairs:,} pair{'s' if pairs != 1 else ''}; {LEVEL:.0%} for the whole table"
    if verdict.reference is not None:
        name = table.labels()[verdict.reference]
        return (
            f"Each row is compared with {name}, and with no other: difference, with intervals that hold all together, "
            f"effect (Hedges' g) and p ({used}, with {holm})."
        )
    shared = "Rows that share a letter are not told apart; a" if verdict.letters else "A"
    return (
        f"{shared} rank spans all places that the tests leave open ({used}; {holm}). Difference (with intervals that "
        "hold all together), effect (Hedges' g) and p are against the first row."
    )


def _seen(table: Table, verdict: Verdict, leading: Column) -> list[str]:
    """How large a difference these seeds can show; nothing where seeds are counted."""
    deviations = [
        (summary.deviation, len(group.values(leading)))
        for group in table.groups
        if not group.is_exact and (summary := group.summaries.get(leading)) is not None and _enough(group, leading)
        if summary.deviation
    ]
    return [] if verdict.learned is not None else seen(deviations, verdict.tested)


def seen(deviations: Sequence[tuple[float, int]], pairs: int) -> list[str]:
    """A sentence about the difference that seeds can show; none where no row varies.

    Args:
        deviations: Of each row that varies the standard deviation, and the number of seeds.
        pairs: Pairs that are tested together.
    """
    from rnnbench.results.statistics.power import detectable

    if not deviations:
        return []
    pooled = fmean(deviation**2 for deviation, _ in deviations) ** 0.5
    seeds = min(count for _, count in deviations)
    smallest = detectable(seeds, pairs) * pooled
    return [f"Two rows of {seeds} seeds that differ by {smallest:.2g} are told apart in 4 of 5 cases."]


def _learned(table: Table, learned: Learned, leading: Column) -> str:
    from rnnbench.results.statistics.learned import clopper_pearson

    by = _SOURCES[learned.source]
    found, times = [], []
    for label, group, count in zip(table.labels(), table.groups, learned.counts, strict=True):
        if count is not None:
            low, high = clopper_pearson(*count)
            found.append(f"{label} {count[0]} of {count[1]} ({low:.2f} to {high:.2f})")
            times += _first_reached(label, group, leading.metric, learned.criterion)
    first = f" Validation first reached it, in the median of the seeds that did: {_listed(times)}." if times else ""
    return (
        f"A seed learns this task or does not, told by {leading} {format_value(learned.criterion)} ({by}). Learned, "
        f"with the 95 % interval of the probability: {_listed(found)}.{first}"
    )


def _first_reached(label: str, group: Group, metric: str, criterion: float) -> list[str]:
    """After how many steps and seconds the seeds of a row learned; nothing where none did, or kept its curves."""
    reached = [first for run in group.runs if (first := first_reached(run.folder, metric, criterion)) is not None]
    if not reached:
        return []
    steps, seconds = median(first.step for first in reached), median(first.seconds for first in reached)
    return [f"{label} after {steps:,.0f} steps, {seconds:,.0f} s"]


def _few(table: Table, leading: Column) -> str:
    """Which rows have too few seeds."""
    few = [
        f"{label} has {len(group.values(leading))}"
        for label, group in zip(table.labels(), table.groups, strict=True)
        if leading in group.summaries and not _enough(group, leading)
    ]
    return f" ({_listed(few)})" if few else ""


def _enough(group: Group, leading: Column) -> bool:
    return group.is_exact or len(group.values(leading)) >= MIN_SEEDS


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:_MOST]) + (f" and {len(parts) - _MOST} more" if len(parts) > _MOST else "")

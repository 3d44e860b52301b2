"""Pairs of a table's rows: how far apart they are, how sure that is, and how large it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnbench.results.table import Table


@dataclass(frozen=True)
class Pair:
    """Two rows of a table that were tested.

    Args:
        rows: Their places, counted from 0.
        models: Their labels.
        difference: The first one's mean less the second one's.
        low: Lower end of Welch's interval of the difference; the intervals of all tested pairs hold together in 95 % of
            tables. None where nothing varies, and where seeds were counted that learned the task or did not.
        high: Its upper end.
        effect: The difference in standard deviations of the seeds (Hedges' g); None where nothing varies.
        by_seed: P value of the test over the seeds; None where there was none.
        by_item: P value of the paired test over the test items; None where there was none.
        corrected: The larger one, corrected by Holm's method over the table.
    """

    rows: tuple[int, int]
    models: tuple[str, str]
    difference: float
    low: float | None
    high: float | None
    effect: float | None
    by_seed: float | None
    by_item: float | None
    corrected: float


def pairs_of(table: Table) -> list[Pair]:
    """The pairs that were tested, in the order of the rows."""
    labels = table.labels()
    places = itertools.combinations(range(len(labels)), 2)
    return [pair for a, b in places if (pair := _pair(table, labels, a, b)) is not None]


def against(table: Table) -> list[Pair | None]:
    """Each row beside the reference, or the first row where there is none; None for a pair that was not tested."""
    labels, anchor = table.labels(), table.verdict.anchor if table.verdict else 0
    return [_pair(table, labels, place, anchor) for place in range(len(labels))]


def _pair(table: Table, labels: Sequence[str], a: int, b: int) -> Pair | None:
    verdict, leading = table.verdict, table.leading
    corrected = verdict.p(a, b) if verdict is not None else None
    if verdict is None or leading is None or corrected is None:
        return None
    from rnnbench.results.statistics.seeds import difference, hedges

    # A row without noise is one value, however many seeds it was run with.
    one, other = (
        group.values(leading)[: 1 if group.is_exact else None] for group in (table.groups[a], table.groups[b])
    )
    gap, low, high = difference(one, other, verdict.tested, verdict.cautious)
    if verdict.learned is not None:
        low = high = None
    by_seed, by_item = float(verdict.by_seed[a, b]), float(verdict.by_item[a, b])
    return Pair(
        (a, b),
        (labels[a], labels[b]),
        gap,
        low,
        high,
        hedges(one, other),
        None if by_seed != by_seed else by_seed,
        None if by_item != by_item else by_item,
        corrected,
    )

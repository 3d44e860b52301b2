"""Every pair of a table's rows: how far apart they are, how sure that is, and how large it is."""

from __future__ import annotations

import itertools
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
        low: Lower end of Welch's 95 % interval of the difference, for this pair alone; None where nothing varies.
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
    verdict, leading = table.verdict, table.leading
    if verdict is None or leading is None:
        return []
    from rnnbench.results.statistics.seeds import difference, hedges

    labels = table.labels()
    # A row without noise is one value, however many seeds it was run with.
    samples = [group.values(leading)[: 1 if group.is_exact else None] for group in table.groups]
    found = []
    for a, b in itertools.combinations(range(len(labels)), 2):
        corrected = verdict.p(a, b)
        if corrected is None:
            continue
        by_seed, by_item = float(verdict.by_seed[a, b]), float(verdict.by_item[a, b])
        found.append(
            Pair(
                (a, b),
                (labels[a], labels[b]),
                *difference(samples[a], samples[b]),
                hedges(samples[a], samples[b]),
                None if by_seed != by_seed else by_seed,
                None if by_item != by_item else by_item,
                corrected,
            )
        )
    return found

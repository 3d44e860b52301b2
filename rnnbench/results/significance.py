"""Which rows of a table differ by more than the noise, and by which test that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnnbench.results.group import Column, Group
from rnnbench.results.items import ITEMS_FILE, Items, read_items
from rnnbench.results.metric import same_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Resampling takes time with every row.
MOST_ROWS_BY_ITEM = 30
LEVEL = 0.05
"""How often a table of equal rows may show a difference."""
_BLEU_COUNTS = 10


@dataclass(frozen=True)
class Verdict:
    """What the tests between k rows found, all of them ``(k, k)``, NaN where a pair was not tested.

    Where both tests could be made, both must see a difference: p is the larger one.

    Args:
        by_seed: P values of Welch's test over the seeds.
        by_item: P values of the paired test over the test items.
        corrected: The p values by Holm's correction over the table.
        ranks: Rank of each row, equal where rows are tied; None for a row that could not be tested.
        tests: The tests that were used, in words.
    """

    by_seed: Floats
    by_item: Floats
    corrected: Floats
    ranks: list[int | None]
    tests: list[str]

    @property
    def tested(self) -> int:
        """How many pairs were tested."""
        return int((self.corrected == self.corrected).sum()) // 2

    def p(self, row: int, other: int) -> float | None:
        """Corrected p value of a pair, None where it was not tested."""
        value = float(self.corrected[row, other])
        return None if value != value else value


def judge(groups: Sequence[Group], column: Column) -> Verdict | None:
    """Tests all pairs of rows; None where there is nothing to test by: single runs without scores of their items.

    Args:
        groups: The rows, the best first.
        column: What they are ranked by.
    """
    several = any(len(group.runs) > 1 for group in groups)
    items = _items(groups, column)
    if len(groups) < 2 or not (several or items):
        return None
    import numpy as np

    from rnnbench.results.statistics.seeds import welch
    from rnnbench.results.statistics.table import holm, ranks

    measured = [row for row, group in enumerate(groups) if column in group.summaries]
    by_seed, by_item = (np.full((len(groups), len(groups)), np.nan) for _ in range(2))
    chosen = [groups[row] for row in measured]
    by_seed[np.ix_(measured, measured)] = welch(
        [group.values(column) for group in chosen], [group.is_exact for group in chosen]
    )
    tests = ["Welch's t test over the seeds"] if not np.isnan(by_seed).all() else []
    if items:
        rows = list(items)
        single = all(len(groups[row].runs) == 1 for row in rows)
        by_item[np.ix_(rows, rows)], name = _paired([items[row] for row in rows], single)
        numbers = len(items[rows[0]][0].numbers)
        tests.append(f"{name} over {numbers:,} test items")
    corrected = holm(np.fmax(by_seed, by_item))
    return Verdict(by_seed, by_item, corrected, ranks(corrected, LEVEL), tests) if tests else None


def _items(groups: Sequence[Group], column: Column) -> dict[int, list[Items]]:
    """Row -> the items of its runs, of the rows that kept them, were measured on the same ones, and are two or more."""
    if column.split != "test" or len(groups) > MOST_ROWS_BY_ITEM:
        return {}
    found: dict[int, list[Items]] = {}
    for row, group in enumerate(groups):
        if column not in group.summaries:
            continue
        kept = [items for run in group.runs if (items := read_items(run.folder / ITEMS_FILE)) is not None]
        first = next(iter(found.values()), kept)
        if len(kept) == len(group.runs) and all(
            same_order(items.metric, column.metric) and _alike(items, first[0]) for items in kept
        ):
            found[row] = kept
    return found if len(found) > 1 else {}


def _alike(one: Items, other: Items) -> bool:
    shapes = one.metric == other.metric and one.sums.shape == other.sums.shape
    return shapes and bool((one.numbers == other.numbers).all())


def _paired(items: Sequence[Sequence[Items]], single: bool) -> tuple[Floats, str]:
    """P values of all pairs of rows, and the name of the test."""
    import numpy as np

    from rnnbench.results.statistics.corpus import bleu, ratio
    from rnnbench.results.statistics.paired import approximate_randomisation, mcnemar

    # Of several seeds, each item counts with its mean.
    sums = np.stack([np.mean([one.sums for one in row], axis=0) for row in items])
    if sums.shape[2] == _BLEU_COUNTS:
        return approximate_randomisation(sums, bleu), "approximate randomisation"
    if single and (sums[..., 1] == 1).all() and np.isin(sums[..., 0], (0, 1)).all():
        return mcnemar(sums[..., 0] == 1), "McNemar's exact test"
    return approximate_randomisation(sums, ratio), "approximate randomisation"

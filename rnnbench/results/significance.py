"""Which rows of a table differ by more than the noise, and by which test that was found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rnnbench.results.group import Column, Group
from rnnbench.results.items import ITEMS_FILE, Items, read_items
from rnnbench.results.metric import learned_from, reaches, same_order
from rnnbench.results.statistics.summary import MIN_SEEDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnnbench.results.statistics.table import Rank

    Floats = NDArray[np.float64]

# Resampling takes time with every row.
MOST_ROWS_BY_ITEM = 30
LEVEL = 0.05
"""How often a table of equal rows may show a difference."""
_BLEU_COUNTS = 10
CAUTIOUS = "Welch's t test over the seeds with the degrees of freedom of the smaller row, since they are skewed"


@dataclass(frozen=True)
class Learned:
    """How many seeds of each row learned a task that a run learns or does not.

    Args:
        criterion: The value that a run has to reach.
        source: Who says so: whoever asks, the application's card, or the values, which lie in two heaps.
        counts: Seeds that learned, and seeds, of each row; None for a row that was not tested.
    """

    criterion: float
    source: Literal["stated", "card", "values"]
    counts: list[tuple[int, int] | None]


@dataclass(frozen=True)
class Verdict:
    """What the tests between k rows found, all of them ``(k, k)``, NaN where a pair was not tested.

    Where both tests could be made, both must see a difference: p is the larger one.

    Args:
        by_seed: P values of the test over the seeds.
        by_item: P values of the paired test over the test items.
        corrected: The p values by Holm's correction over the table.
        ranks: Rank of each row as an interval; None for a row that could not be tested.
        letters: Letters of each row, empty where it was not tested: rows that share one are not told apart. None where
            the rows need more letters than there are, or were compared with one row only.
        tests: The tests that were used, in words.
        learned: How many seeds learned, where a run learns the task or does not.
        reference: The row that all others were compared with; None where all pairs were compared.
        cautious: Whether the seeds are skewed, so that t had no more degrees of freedom than the smaller row.
    """

    by_seed: Floats
    by_item: Floats
    corrected: Floats
    ranks: list[Rank | None]
    letters: list[str] | None
    tests: list[str]
    learned: Learned | None = None
    reference: int | None = None
    cautious: bool = False

    @property
    def tested(self) -> int:
        """How many pairs were tested."""
        return int((self.corrected == self.corrected).sum()) // 2

    @property
    def anchor(self) -> int:
        """The row that differences are shown from: the reference, or the first one that was tested."""
        if self.reference is not None:
            return self.reference
        return next(row for row, tested in enumerate(self.corrected) if (tested == tested).any())

    def p(self, row: int, other: int) -> float | None:
        """Corrected p value of a pair, None where it was not tested."""
        value = float(self.corrected[row, other])
        return None if value != value else value

    def leads(self, row: int) -> bool:
        """Whether no row is better by more than the noise, in a table where some are."""
        rank = self.ranks[row]
        told = any(other is not None and other.first > 1 for other in self.ranks)
        return told and rank is not None and rank.first == 1


def judge(
    groups: Sequence[Group], column: Column, reference: int | None = None, criterion: float | None = None
) -> Verdict | None:
    """Tests all pairs of rows; None where fewer than two can be tested.

    A row can be tested that has three seeds or more, or no noise. On the test items alone no rank is given: they say
    that two trained models differ, which five runs of one model do, too.

    Args:
        groups: The rows, the best first.
        column: What they are ranked by.
        reference: The row that all others are compared with, less the baselines; all pairs where none is named.
        criterion: The value from which on a run counts as one that learned the task; that of the application's card
            where none is stated, or seen in the values.
    """
    rows = [
        row
        for row, group in enumerate(groups)
        if column in group.summaries and (group.is_exact or len(group.values(column)) >= MIN_SEEDS)
    ]
    if len(rows) < 2 or (reference is not None and reference not in rows):
        return None
    import numpy as np

    from rnnbench.results.statistics.table import holm, letters, ranks

    place = np.ix_(rows, rows)
    by_seed, by_item = (np.full((len(groups), len(groups)), np.nan) for _ in range(2))
    samples, exact = [groups[row].values(column) for row in rows], [groups[row].is_exact for row in rows]
    usual = learned_from(column.metric, groups[0].first.application)
    by_seed[place], learned, tests, cautious = over_seeds(samples, exact, column.metric, criterion, usual)
    by_item[place], paired = _over_items([groups[row] for row in rows], column)
    p = np.fmax(by_seed, by_item)
    if reference is not None:
        others = np.arange(len(groups)) != reference
        p[np.ix_(others, others)] = np.nan
        beside = [row for row, group in enumerate(groups) if group.first.baseline and row != reference]
        p[beside, :] = p[:, beside] = np.nan
    corrected = holm(p)
    if np.isnan(corrected).all():
        return None
    tested = [not np.isnan(corrected[row]).all() for row in range(len(groups))]
    apart = corrected <= LEVEL
    if learned is not None:
        counts = dict(zip(rows, learned.counts, strict=True))
        learned = dataclasses.replace(learned, counts=[counts.get(row) for row in range(len(groups))])
    return Verdict(
        by_seed,
        by_item,
        corrected,
        ranks(apart, tested) if reference is None else [None] * len(groups),
        letters(apart, tested) if reference is None else None,
        [*tests, *paired],
        learned,
        reference,
        cautious,
    )


def over_seeds(
    samples: Sequence[Sequence[float]],
    exact: Sequence[bool],
    metric: str,
    criterion: float | None = None,
    usual: float | None = None,
) -> tuple[Floats, Learned | None, list[str], bool]:
    """Tests all pairs of rows over their seeds, before any correction.

    Args:
        samples: Values over the seeds, of k rows.
        exact: Which rows have no noise.
        metric: What was measured.
        criterion: The value from which on a seed has learned the task, if somebody states it.
        usual: That of the application's card. It counts where some seeds reach it and others do not.

    Returns:
        P values ``(k, k)``, how many seeds learned, the names of the tests, and whether the seeds are skewed.
    """
    import numpy as np

    from rnnbench.results.statistics.learned import fisher, threshold
    from rnnbench.results.statistics.seeds import skewed, welch

    uncertain = [sample for sample, certain in zip(samples, exact, strict=True) if not certain]
    cautious = skewed(uncertain)
    found = welch(samples, exact, cautious)
    names = [CAUTIOUS if cautious else "Welch's t test over the seeds"] if not np.isnan(found).all() else []
    source: Literal["stated", "card", "values"] = "stated"
    if criterion is None and usual is not None:
        reached = {reaches(metric, value, usual) for sample in uncertain for value in sample}
        criterion, source = (usual if len(reached) == 2 else None), "card"
    if criterion is None:
        criterion, source = threshold(uncertain), "values"
    if criterion is None:
        return found, None, names, cautious
    counts = [(sum(reaches(metric, value, criterion) for value in sample), len(sample)) for sample in samples]
    # Rows that lie wholly in one heap are compared as ever: there, values are values. Given how many of both learned,
    # each of the two tests holds its level.
    sides = np.array([{0: 0, seeds: 1}.get(right, -1) for right, seeds in counts])
    mixed = (sides[:, None] != sides) | (sides < 0)
    known = [None if certain else count for count, certain in zip(counts, exact, strict=True)]
    name = "Fisher's exact test of how many seeds learned"
    told = Learned(criterion, source, known)
    return np.where(mixed, fisher(counts, exact), found), told, [*names, name], cautious


def _over_items(groups: Sequence[Group], column: Column) -> tuple[Floats, list[str]]:
    """P values of the pairs whose runs kept the scores of the same test items, and the name of the test.

    Most rows may have been measured on one set of items and a few on another: each set is compared for itself.
    """
    import numpy as np

    from rnnbench.results.statistics.blocks import MIN_BLOCKS

    found = np.full((len(groups), len(groups)), np.nan)
    if column.split != "test" or len(groups) > MOST_ROWS_BY_ITEM:
        return found, []
    sets: list[list[tuple[int, list[Items]]]] = []
    for row, group in enumerate(groups):
        kept = [] if group.failures(column) else _kept(group, column)
        if not kept:
            continue
        alike = next((one for one in sets if _alike(one[0][1][0], kept[0])), None)
        if alike is None:
            sets.append([(row, kept)])
        else:
            alike.append((row, kept))
    names: dict[str, None] = {}
    for one in sets:
        numbers = len(one[0][1][0].numbers)
        if len(one) < 2 or numbers < MIN_BLOCKS:
            continue
        rows = [row for row, _ in one]
        single = all(len(kept) == 1 for _, kept in one)
        found[np.ix_(rows, rows)], name = _paired([kept for _, kept in one], single)
        names[f"{name} of {numbers:,} test items"] = None
    return found, list(names)


def _kept(group: Group, column: Column) -> list[Items]:
    """The items of all runs of a row; none where one kept none, or they are not the same."""
    found = [items for run in group.runs if (items := read_items(run.folder / ITEMS_FILE)) is not None]
    whole = len(found) == len(group.runs) and all(
        same_order(items.metric, column.metric) and _alike(items, found[0]) for items in found
    )
    return found if whole else []


def _alike(one: Items, other: Items) -> bool:
    shapes = one.metric == other.metric and one.sums.shape == other.sums.shape
    return shapes and bool((one.numbers == other.numbers).all())


def _paired(items: Sequence[Sequence[Items]], single: bool) -> tuple[Floats, str]:
    """P values of all pairs of rows, and the name of the test."""
    import numpy as np

    from rnnbench.results.statistics.blocks import in_blocks
    from rnnbench.results.statistics.corpus import bleu, ratio
    from rnnbench.results.statistics.paired import approximate_randomisation, mcnemar

    # Of several seeds, each item counts with its mean.
    sums = np.stack([np.mean([one.sums for one in row], axis=0) for row in items])
    blocks = in_blocks(sums)
    metric = bleu if sums.shape[2] == _BLEU_COUNTS else ratio
    if blocks is not sums:
        return approximate_randomisation(blocks, metric), f"approximate randomisation of {blocks.shape[1]} long blocks"
    if metric is ratio and single and (sums[..., 1] == 1).all() and np.isin(sums[..., 0], (0, 1)).all():
        return mcnemar(sums[..., 0] == 1), "McNemar's exact test"
    return approximate_randomisation(sums, metric), "approximate randomisation"

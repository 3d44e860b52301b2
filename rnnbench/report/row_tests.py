"""Which committed rows differ by more than the noise of their seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rnnbench.results.certainty import seen
from rnnbench.results.group import Column
from rnnbench.results.metric import learned_from
from rnnbench.results.pairs import Pair
from rnnbench.results.rows import Row
from rnnbench.results.significance import LEVEL, over_seeds
from rnnbench.results.statistics.summary import MIN_SEEDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rnnbench.results.statistics.table import Rank

    Floats = NDArray[np.float64]


class RowTests(NamedTuple):
    """What the tests between the rows found."""

    ranks: Sequence[Rank | None]
    letters: Sequence[str]
    against: Sequence[Pair | None]
    """Each row beside the first one that was tested."""
    notes: Sequence[str]

    def leads(self, place: int) -> bool:
        """Whether no row is better by more than the noise, where some are told apart."""
        rank = self.ranks[place]
        return rank is not None and rank.first == 1 and any(other and other.first > 1 for other in self.ranks)


def test_rows(group: Sequence[Row], leading: Column) -> RowTests:
    """The tests over the seeds, as `judge` makes them, between rows of three seeds or more, and rows without noise.

    Args:
        group: The rows, the best first.
        leading: What they are ranked by.
    """
    untested = RowTests([None] * len(group), [""] * len(group), [None] * len(group), [])
    if len(group) < 2:
        return untested
    few = untested._replace(notes=[f"Ordered by value, without ranks: a rank takes {MIN_SEEDS} seeds."])
    deviations = [row.test_deviation if leading.split == "test" else row.validation_deviation for row in group]
    known = [
        0.0 if row.is_exact else math.nan if deviation is None or len(row.seeds) < MIN_SEEDS else deviation
        for row, deviation in zip(group, deviations, strict=True)
    ]
    if all(not deviation > 0 for deviation in known):
        return few
    from rnnbench.results.statistics.table import holm, letters, ranks

    found, names, cautious, learned = _over_seeds(group, leading, known)
    corrected = holm(found)
    tested = [not bool((row != row).all()) for row in corrected]
    if not any(tested):
        return few
    apart, pairs = corrected <= LEVEL, int((corrected == corrected).sum()) // 2
    note = (
        f"Rows that share a letter are not told apart; a rank spans all places that the tests leave open ({names}, "
        f"with Holm's correction over {pairs:,} pairs; {LEVEL:.0%} for the whole table). Difference (with intervals "
        "that hold all together), effect (Hedges' g) and p are against the first row. Rows of fewer than "
        f"{MIN_SEEDS} seeds have none."
    )
    varying = [(deviation, len(row.seeds)) for row, deviation in zip(group, known, strict=True) if deviation > 0]
    anchor = tested.index(True)
    return RowTests(
        ranks(apart, tested),
        letters(apart, tested) or [""] * len(group),
        [_pair(group, leading, (place, anchor), corrected, pairs, cautious, learned) for place in range(len(group))],
        [note, *([] if learned else seen(varying, pairs))],
    )


def _over_seeds(group: Sequence[Row], leading: Column, known: Sequence[float]) -> tuple[Floats, str, bool, bool]:
    """P values, names of the tests, and whether seeds are skewed, or learn or do not; older rows do not show theirs."""
    import numpy as np

    from rnnbench.results.statistics.seeds import welch_of_summaries

    means = [math.nan if (value := value_of(row, leading)) is None else value for row in group]
    places = [place for place, deviation in enumerate(known) if deviation >= 0]
    if any(len(group[place].seed_values) < MIN_SEEDS and known[place] > 0 for place in places):
        found = welch_of_summaries(means, known, [max(len(row.seeds), 1) for row in group])
        return found, "Welch's t test over the seeds", False, False
    found = np.full((len(group), len(group)), np.nan)
    samples = [group[place].seed_values or (means[place],) for place in places]
    exact = [group[place].is_exact for place in places]
    usual = learned_from(leading.metric, group[0].application)
    p, learned, names, cautious = over_seeds(samples, exact, leading.metric, usual=usual)
    found[np.ix_(places, places)] = p
    return found, ", ".join(names), cautious, learned is not None


def _pair(
    group: Sequence[Row],
    leading: Column,
    places: tuple[int, int],
    corrected: Floats,
    pairs: int,
    cautious: bool,
    learned: bool,
) -> Pair | None:
    """Two rows beside each other; no interval where the seeds of one are not known, or are counted."""
    from rnnbench.results.statistics.seeds import difference, hedges

    p = float(corrected[places])
    if p != p:
        return None
    rows = [group[place] for place in places]
    values = [value_of(row, leading) or 0.0 for row in rows]
    if any(len(row.seed_values) < MIN_SEEDS and not row.is_exact for row in rows):
        gap, low, high, effect = values[0] - values[1], None, None, None
    else:
        one, other = ([value] if row.is_exact else row.seed_values for row, value in zip(rows, values, strict=True))
        gap, low, high = difference(one, other, pairs, cautious)
        effect = hedges(one, other)
    ends = (None, None) if learned else (low, high)
    return Pair(places, (rows[0].name, rows[1].name), gap, *ends, effect, None, None, p)


def value_of(row: Row, column: Column) -> float | None:
    """A row's value on the column's split.

    Args:
        row: The row.
        column: The column.
    """
    return row.test if column.split == "test" else row.validation

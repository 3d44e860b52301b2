"""One sequence cut into train, validation and test, in this order."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

from rnnbench.data.source import SPLITS, Split
from rnnbench.errors import UserError

Fractions = tuple[float, float, float]


def check_fractions(fractions: Fractions, where: str) -> None:
    """Refuses fractions that are negative or do not sum to 1.

    Args:
        fractions: Shares of train, validation and test.
        where: The option that holds them, for the error.
    """
    hint = "such as 0.9,0.05,0.05: the shares of train, validation and test"
    # Written so that NaN is refused as well.
    if not all(0 <= fraction <= 1 for fraction in fractions):
        raise UserError(f"each share lies between 0 and 1, found {list(fractions)}", where=where, hint=hint)
    total = sum(fractions)
    if abs(total - 1) > 1e-6:
        raise UserError(f"the shares sum to {total:g}, not to 1: {list(fractions)}", where=where, hint=hint)


def part(length: int, fractions: Fractions, split: Split) -> slice:
    """Which items of a sequence are one split; the three parts follow each other and leave nothing out.

    Args:
        length: Number of items.
        fractions: Shares of train, validation and test, which sum to 1.
        split: The split.
    """
    # Decimal arithmetic: 0.9 + 0.05 is more than 0.95 in binary, and an item would change sides.
    ends = [min(length, int(share * length)) for share in accumulate(Fraction(repr(float(f))) for f in fractions)]
    ends[-1] = length
    index = SPLITS.index(split)
    return slice(ends[index - 1] if index else 0, ends[index])

"""What every source of graphs offers: all of them, with the questions of each split."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.graphs.graph import GraphSet
from rnnbench.data.source import SPLITS, Provider, Split
from rnnbench.errors import UserError


class GraphSource(Provider):
    """Where graphs come from."""

    @abstractmethod
    def read(self) -> GraphSet:
        """The graphs of all splits.

        Raises:
            UserError: They cannot be read, or a split has nothing to ask.
        """


def check_shares(shares: Sequence[float], where: str) -> tuple[float, float, float]:
    """Refuses shares of training, validation and test that are none."""
    found = ", ".join(f"{share:g}" for share in shares)
    if len(shares) != 3 or min(shares) <= 0 or sum(shares) > 1 + 1e-9:
        raise UserError(f"must be three positive shares of at most 1 in all, found [{found}]", where=where)
    train, validation, test = shares
    return train, validation, test


def cut(number: int, shares: Sequence[float], order: NDArray[np.int64], where: str) -> dict[Split, NDArray[np.int64]]:
    """Which of some things belong to which split: cut in this order, by shares; what is left over belongs to none.

    Args:
        number: How many there are.
        shares: Shares of the splits.
        order: An order of them ``(number,)``.
        where: What they are, for the error.

    Raises:
        UserError: A split would be empty.
    """
    ends = np.floor(np.cumsum([0.0, *shares]) * number + 1e-6).astype(np.int64)
    found = {split: np.sort(order[ends[i] : ends[i + 1]]) for i, split in enumerate(SPLITS)}
    empty = next((split for split in SPLITS if not len(found[split])), None)
    if empty is not None:
        raise UserError(f"of {number:,} none is left for {empty}", where=where, hint="other shares, or more data")
    return found

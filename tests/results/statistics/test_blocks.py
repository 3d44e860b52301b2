"""Dependent items are resampled in blocks, and independent ones as they are."""

from __future__ import annotations

import numpy as np
import pytest

from rnnbench.results.statistics.blocks import in_blocks
from rnnbench.results.statistics.corpus import ratio
from rnnbench.results.statistics.paired import approximate_randomisation


def _stream(rng: np.random.Generator, shared: float, size: int = 2400) -> np.ndarray:
    """Two models without a true difference on a text of documents, whose windows have much in common: ``(2, N, 2)``.

    Args:
        rng: Draws.
        shared: The share of the variance of their difference that is one of documents: the correlation of neighbours.
        size: Number of windows.
    """
    lengths = rng.integers(5, 25, size)
    documents = np.repeat(rng.normal(size=size), lengths)[:size]
    gaps = shared**0.5 * documents + (1 - shared) ** 0.5 * rng.normal(size=size)
    scores = np.stack([100 + gaps, np.full(size, 100.0)])
    return np.stack([scores, np.full((2, size), 35.0)], axis=2)


def test_blocks_hold_the_same_sums():
    items = _stream(np.random.default_rng(0), 0.9)
    blocks = in_blocks(items)
    assert blocks.shape == (2, 20, 2)
    assert blocks.sum(axis=1) == pytest.approx(items.sum(axis=1))
    assert blocks[:, 0] == pytest.approx(items[:, :120].sum(axis=1))


def test_items_without_a_positive_correlation_stay_as_they_are():
    rng = np.random.default_rng(1)
    kept = [in_blocks(items) is items for items in (_stream(rng, 0.0) for _ in range(200))]
    assert 0.35 < np.mean(kept) < 0.65, "of independent ones, every other time"
    assert not any(in_blocks(items) is items for items in (_stream(rng, 0.1) for _ in range(200)))
    few = _stream(rng, 0.9, 30)
    assert in_blocks(few) is few


def _alarms(shared: float, count: int, blocks: bool = True) -> float:
    rng = np.random.default_rng(7)
    every = (_stream(rng, shared) for _ in range(count))
    found = [approximate_randomisation(in_blocks(one) if blocks else one, ratio, 199)[0, 1] for one in every]
    return float(np.mean(np.array(found) <= 0.05))


def test_dependent_items_make_no_false_alarms():
    assert _alarms(0.31, 60, blocks=False) > 0.2, "as if they were independent"
    assert _alarms(0.31, 60) <= 9 / 60


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.1, 0.31, 0.6])
def test_dependent_items_make_no_false_alarms_in_many_tables(shared):
    # Documents that a block's end cuts in two leave a little: more tables tell 5.6 from 6.4 %.
    assert _alarms(shared, 3000) <= 0.064

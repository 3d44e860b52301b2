"""How often equal models are told apart, and how often different ones: in 5 % of tables, and as theory says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rnnbench.results.group import Column, Run, group_by_seed
from rnnbench.results.record import Metric
from rnnbench.results.significance import judge
from rnnbench.results.statistics.power import power

TEST = Column("test", "perplexity")
ROWS, SEEDS = (3, 6, 10), (1, 2, 3, 5)


def _normal(rng, shape):
    return rng.normal(size=shape)


def _skewed(rng, shape):
    return rng.lognormal(size=shape)


def _heteroscedastic(rng, shape):
    return rng.normal(size=shape) * rng.uniform(0.2, 3, (shape[0], 1))


def _bimodal(rng, shape, learns=0.5):
    return (rng.random(shape) < learns) + 0.01 * rng.normal(size=shape)


def _mostly_learned(rng, shape):
    return _bimodal(rng, shape, 0.8)


def _constant(rng, shape):
    return (rng.random(shape) < 0.5) * 1.0


KINDS = (_normal, _skewed, _heteroscedastic, _bimodal, _mostly_learned, _constant)


@pytest.fixture
def told_apart(make_result):
    """Whether a table of values ``(rows, seeds)`` tells any two rows apart."""
    result = make_result()

    def measured(value):
        return {"test": {"perplexity": Metric(value=value, signature="p")}}

    def groups(values):
        runs = [
            Run(Path("none"), dataclasses.replace(
                result, settings=str(row), seed=seed, metrics=measured(value)
            ))
            for row, some in enumerate(values.tolist())
            for seed, value in enumerate(some)
        ]  # fmt: skip
        return sorted(group_by_seed(runs), key=lambda group: group.mean(TEST))

    def told(values, reference=None):
        rows = groups(values)
        verdict = judge(rows, TEST, reference)
        return verdict is not None and bool((verdict.corrected <= 0.05).any())

    return told


@pytest.mark.parametrize("draw", KINDS)
def test_equal_models_are_not_told_apart(told_apart, draw):
    rng = np.random.default_rng(5)
    for seeds in SEEDS:
        alarms = np.mean([told_apart(draw(rng, (6, seeds))) for _ in range(60)])
        # Of 60 tables, what 5 % give in 999 of 1,000 cases.
        assert alarms <= (0 if seeds < 3 else 9 / 60)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("draw", KINDS)
def test_equal_models_are_not_told_apart_in_1000_tables(told_apart, draw, rows, seeds):
    rng = np.random.default_rng(5)
    assert np.mean([told_apart(draw(rng, (rows, seeds))) for _ in range(1000)]) <= 0.064


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("distance", [1.0, 2.0, 4.0])
def test_two_models_that_differ_are_seen_as_often_as_theory_says(told_apart, seeds, distance):
    rng = np.random.default_rng(6)
    seen = np.mean([told_apart(rng.normal([[0.0], [distance]], 1, (2, seeds))) for _ in range(1000)])
    assert seen == pytest.approx(power(distance, seeds), abs=0.04)

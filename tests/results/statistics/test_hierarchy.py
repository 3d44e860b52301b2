"""The hierarchical model: its sampler against the prior it claims, an exact posterior, and simulated studies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from rnnbench.results.statistics.hierarchy import Data, draws, effects


def _simulated(rng, cells=5, tasks=6, seeds=5, chains=400):
    """Parameters from the prior and data from them: effects ``(K, C)``, tau ``(K,)`` and what the seeds say."""
    tau, omega = np.abs(rng.standard_cauchy((2, chains)))
    cell = omega[:, None] * rng.normal(size=(chains, cells))
    mean = cell[:, :, None] + 10 * rng.normal(size=(chains, 1, tasks))
    mean = mean + tau[:, None, None] * rng.normal(size=(chains, cells, tasks))
    noise = 4 * rng.normal(size=(chains, 1, tasks)) ** 2 / rng.chisquare(4, (chains, cells, tasks))
    y = mean[..., None] + np.sqrt(noise)[..., None] * rng.normal(size=(*mean.shape, seeds))
    return cell, tau, Data(y.mean(-1), y.var(-1) * seeds, np.full(mean.shape, float(seeds)))


def test_parameters_drawn_from_the_prior_are_no_outliers_of_their_posteriors():
    """Simulation-based calibration (S. Talts et al., 2018): ranks among the draws are uniform for a right sampler."""
    rng = np.random.default_rng(1)
    cell, tau, data = _simulated(rng)
    kept = [
        (state.cell[:, 1] - state.cell[:, 0], state.tau)
        for state in itertools.islice(draws(data, len(tau), rng), 200, 1200, 10)
    ]
    for true, drawn in ((cell[:, 1] - cell[:, 0], [gap for gap, _ in kept]), (tau**2, [one for _, one in kept])):
        share = (np.stack(drawn) < true).mean(0)
        assert stats.kstest(share, "uniform").pvalue > 0.001
        assert np.mean((share > 0.025) & (share < 0.975)) == pytest.approx(0.95, abs=0.035)


def test_many_seeds_of_much_variation_are_weighed_by_their_precision():
    """Where cells differ alike on all tasks, the difference is that of the means, the noisy task counting for less."""
    rng = np.random.default_rng(2)
    deviations = (0.01, 0.01, 0.01, 0.01, 0.4)
    scores = [[(level + deviation * rng.normal(size=8)).tolist() for deviation in deviations] for level in (0.5, 0.6)]
    found = effects(scores, 0)
    assert found.r_hat < 1.02
    assert found.effects[1].difference == pytest.approx(0.1, abs=0.01)
    assert found.effects[1].better > 0.99
    assert found.effects[0].same == 1.0


def test_cells_that_do_the_same_are_practically_equal_and_swapping_them_swaps_the_signs():
    rng = np.random.default_rng(3)
    scores = [[(0.8 + 0.002 * rng.normal(size=5)).tolist() for _ in range(8)] for _ in range(2)]
    one, other = effects(scores, 0).effects[1], effects(scores, 1).effects[0]
    assert one.same > 0.95
    assert one.worse + one.same + one.better == pytest.approx(1)
    assert other.difference == pytest.approx(-one.difference, abs=1e-12)


def test_a_cell_that_wins_here_and_loses_there_is_not_known_to_be_better():
    rng = np.random.default_rng(4)
    gaps = (0.2, -0.2, 0.15, -0.1, 0.1, -0.15)
    scores = [[(0.6 + sign * gap + 0.001 * rng.normal(size=5)).tolist() for gap in gaps] for sign in (0, 1)]
    found = effects(scores, 0)
    assert max(found.effects[1].worse, found.effects[1].better) < 0.8
    assert found.between_tasks == pytest.approx(0.1, abs=0.06)


def test_seeds_that_agree_to_the_last_digit():
    found = effects([[[1.0, 1.0]] * 4, [[0.5, 0.5]] * 4, [[0.5, 0.5]] * 4], 1)
    assert found.effects[0].better > 0.99
    assert found.effects[2].same > 0.9

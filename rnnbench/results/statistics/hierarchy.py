"""A hierarchical model of cells on tasks: which differences are real over tasks, and which are too small to matter.

    y_cts = m_ct + e_cts,       e_cts ~ N(0, s_ct^2)         seed s of cell c on task t
    m_ct  = a_c + b_t + g_ct,   g_ct  ~ N(0, tau^2)          what a cell does on one task alone
    a_c ~ N(0, omega^2),        b_t   ~ N(0, 10^2)
    s_ct^2 ~ scaled inverse chi^2 (4, u_t),  u_t^(1/2) ~ half-normal(1);   tau, omega ~ half-Cauchy(1)

after A. Benavoli, G. Corani, J. Demsar and M. Zaffalon, Time for a Change: a Tutorial for Comparing Multiple
Classifiers Through Bayesian Analysis, JMLR 2017, who compare two classifiers; here all cells share tasks and noise.
Rows vary by amounts of their own, around that of their task. The model has conditional distributions that can be drawn
from directly, so a Gibbs sampler of a page does what a probabilistic language would bring a compiler for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.results.statistics.tasks import Tasks

Floats = NDArray[np.float64]

MIN_TASKS = 3
"""Of two tasks, nobody knows how much cells vary from task to task."""
ROPE = 0.01
"""Half the width of the region of practical equivalence, in scores of 0 (chance) to 1 (the best cell of a task)."""
_CHAINS = 4
_WARM_UP = 500
_DRAWS = 2000
_NU = 4.0
_FLAT = 10.0
# Scores are not known better than this: seeds that agree to the last digit would else have no noise at all.
_LEAST_DEVIATION = 1e-4


@dataclass(frozen=True)
class Effect:
    """A cell against the reference, over a population of tasks of which these are a sample.

    Args:
        difference: Posterior mean of the difference of the cells' effects; above 0, the cell is better.
        low: Lower end of its central 95 % interval.
        high: Its upper end.
        worse: Probability that the cell is worse by more than the region of practical equivalence.
        same: Probability that the difference lies within it.
        better: Probability that the cell is better by more.
    """

    difference: float
    low: float
    high: float
    worse: float
    same: float
    better: float


@dataclass(frozen=True)
class Effects:
    """What the model says of all cells.

    Args:
        effects: One for each cell; that of the reference is 0.
        between_tasks: Posterior median of tau: how much a cell's advantage varies from task to task.
        r_hat: The largest potential scale reduction of the differences; 1 where the chains agree.
    """

    effects: list[Effect]
    between_tasks: float
    r_hat: float


class _State(NamedTuple):
    """Parameters of all chains: K chains, C cells, T tasks."""

    cell: Floats
    """a ``(K, C)``"""
    task: Floats
    """b ``(K, T)``"""
    mean: Floats
    """m ``(K, C, T)``"""
    noise: Floats
    """s^2 ``(K, C, T)``"""
    typical: Floats
    """u ``(K, T)``"""
    tau: Floats
    """tau^2 ``(K,)``"""
    omega: Floats
    """omega^2 ``(K,)``"""


class Data(NamedTuple):
    """All that the model needs of the seeds, each ``(C, T)`` or ``(K, C, T)``."""

    mean: Floats
    """Means over the seeds."""
    squares: Floats
    """Sums of squared deviations from them."""
    seeds: Floats
    """Numbers of seeds."""


def effects(models: Sequence[Tasks], reference: int, rope: float = ROPE) -> Effects:
    """Fits the model, with draws that are the same on every call.

    Args:
        models: Scores of C cells: for each of T tasks, three or more, those of its seeds, two or more.
        reference: The cell that all are compared with.
        rope: Half the width of the region of practical equivalence.
    """
    found = _summarised(models)
    cells, taus = [], []
    for number, state in enumerate(draws(found, _CHAINS, np.random.default_rng(0))):
        if number >= _WARM_UP:
            cells.append(state.cell)
            taus.append(state.tau)
        if number + 1 == _WARM_UP + _DRAWS:
            break
    gaps = np.stack(cells) - np.stack(cells)[..., [reference]]  # (draws, chains, cells)
    low, high = np.quantile(gaps, [0.025, 0.975], axis=(0, 1))
    every = zip(
        gaps.mean((0, 1)), low, high, (gaps < -rope).mean((0, 1)), (gaps > rope).mean((0, 1)), strict=True
    )  # fmt: skip
    return Effects(
        [
            Effect(*map(float, (gap, lowest, highest, worse, 1 - worse - better, better)))
            for gap, lowest, highest, worse, better in every
        ],
        between_tasks=float(np.sqrt(np.median(np.stack(taus)))),
        r_hat=float(max(_r_hat(gaps[..., cell]) for cell in range(gaps.shape[-1]) if cell != reference)),
    )


def draws(data: Data, chains: int, rng: np.random.Generator) -> Iterator[_State]:
    """Gibbs' sampler: every parameter in turn, from its distribution given all others.

    Half-Cauchy priors are scale mixtures of inverse gamma ones: E. Makalic and D. Schmidt, A Simple Sampler for the
    Horseshoe Estimator, IEEE Signal Processing Letters 2016.

    Args:
        data: The seeds; with an axis of chains in front, each chain has data of its own.
        chains: Number K of chains.
        rng: Makes all draws.
    """
    y, squares, seeds = (np.broadcast_to(part, (chains, *part.shape[-2:])) for part in data)
    _, cells, tasks = y.shape

    def inverse_gamma(shape: float | Floats, rate: Floats) -> Floats:
        return rate / rng.standard_gamma(shape, size=rate.shape)

    def normal(precision: Floats, weighed: Floats) -> Floats:
        return weighed / precision + rng.standard_normal(precision.shape) / np.sqrt(precision)

    task = y.mean(1) + 0.1 * rng.standard_normal((chains, tasks))
    cell = 0.1 * rng.standard_normal((chains, cells))
    noise = (squares + 0.01) / seeds
    typical = noise.mean(1)
    tau = omega = 0.01 * np.ones(chains)
    of_tau = of_omega = np.ones(chains)
    while True:
        fit = cell[:, :, None] + task[:, None]
        mean = normal(seeds / noise + 1 / tau[:, None, None], seeds * y / noise + fit / tau[:, None, None])
        precision = cells / tau + 1 / _FLAT**2
        task = normal(np.broadcast_to(precision[:, None], task.shape), (mean - cell[:, :, None]).sum(1) / tau[:, None])
        precision = tasks / tau + 1 / omega
        cell = normal(np.broadcast_to(precision[:, None], cell.shape), (mean - task[:, None]).sum(2) / tau[:, None])
        apart = mean - cell[:, :, None] - task[:, None]
        tau = inverse_gamma((cells * tasks + 1) / 2, 1 / of_tau + (apart**2).sum((1, 2)) / 2)
        of_tau = inverse_gamma(1.0, 1 + 1 / tau)
        omega = inverse_gamma((cells + 1) / 2, 1 / of_omega + (cell**2).sum(1) / 2)
        of_omega = inverse_gamma(1.0, 1 + 1 / omega)
        noise = inverse_gamma((_NU + seeds) / 2, (_NU * typical[:, None] + squares + seeds * (y - mean) ** 2) / 2)
        typical = rng.standard_gamma((1 + cells * _NU) / 2, size=typical.shape) / ((1 + _NU * (1 / noise).sum(1)) / 2)
        yield _State(cell, task, mean, noise, typical, tau, omega)


def _summarised(models: Sequence[Tasks]) -> Data:
    samples = [[np.asarray(seeds, dtype=np.float64) for seeds in tasks] for tasks in models]
    counts = np.array([[len(seeds) for seeds in tasks] for tasks in samples], dtype=np.float64)
    squares = np.array([[((seeds - seeds.mean()) ** 2).sum() for seeds in tasks] for tasks in samples])
    least = (counts - 1) * _LEAST_DEVIATION**2
    return Data(np.array([[seeds.mean() for seeds in tasks] for tasks in samples]), np.maximum(squares, least), counts)


def _r_hat(values: Floats) -> float:
    """Potential scale reduction of ``(draws, chains)``, each chain cut in halves.

    A. Gelman et al., Bayesian Data Analysis, 3rd edition 2013, section 11.4.
    """
    half = len(values) // 2
    parts = np.concatenate([values[:half], values[half : 2 * half]], axis=1)
    within, between = parts.var(0, ddof=1).mean(), half * parts.mean(0).var(ddof=1)
    return float(np.sqrt((half - 1) / half + between / (half * within)))

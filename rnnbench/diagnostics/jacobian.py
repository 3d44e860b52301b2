"""Jacobians of a step and of many steps: growth, directions, and how long a unit's state makes a difference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.diagnostics.unroll import Unrolled, pull_back, unroll

LARGEST = 1024
"""Most numbers in a state whose Jacobian is computed whole: it has the square of that."""

_BURN_IN = 4
_SETTLING = 32


def size_of(state: State) -> int:
    """How many numbers the state of one sequence has."""
    return sum(leaf[0].numel() for leaf in state)


def flat(state: State) -> Tensor:
    """The leaves ``(B, ...)`` side by side, ``(B, S)``."""
    return torch.cat([leaf.flatten(1) for leaf in state], 1)


def unflat(vectors: Tensor, like: State) -> State:
    """``(B, S)`` as leaves: the inverse of `flat`."""
    parts = vectors.split([leaf[0].numel() for leaf in like], dim=1)
    return tuple(part.reshape(len(vectors), *leaf.shape[1:]) for part, leaf in zip(parts, like, strict=True))


def jacobian(run: Unrolled, t: int, row: int = 0) -> Tensor:
    """The Jacobian of step t for one sequence: ds_(t+1)/ds_t, ``(S, S)``, output by input.

    Sequences of a batch do not meet, so that one step backwards of S copies gives all S rows.

    Args:
        run: The cell over time.
        t: The step, counted from 0.
        row: The sequence.
    """
    return _pull(_copies(run, row, size_of(run.states[t])), t, None)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """What the steps of one sequence do to the state, one after the other.

    Args:
        singular_values: Singular values of the product of the last n Jacobians, falling, for n = 1, 2, 4, ... and the
            whole sequence; their logarithms, because they leave the range of numbers.
        half_lives: For each leaf of the state, for each unit: after how many steps the effect of a nudge of it, on all
            of the state, has fallen to half the nudge; infinite where that is beyond the sequence.
        kept: For each leaf, for each unit: ds_i/ds'_i, what a unit keeps of itself in a step, ``(T, units)``. Of an
            LSTM's memory that is its forget gate.
    """

    singular_values: dict[int, list[float]]
    half_lives: list[list[float]]
    kept: list[Tensor]


def spectrum(run: Unrolled, row: int = 0) -> Spectrum | None:
    """Multiplies the Jacobians of one sequence, from its last step back to the first.

    Args:
        run: The cell over time.
        row: The sequence.

    Returns:
        None where the state has more than `LARGEST` numbers, or the sequence no step.
    """
    state = run.states[0]
    size, steps = size_of(state), int(run.lengths[row])
    if size > LARGEST or steps == 0:
        return None
    copies = _copies(run, row, size)
    # The product J_T ... J_k as a matrix of ordinary numbers, and the logarithm of its size.
    right, scale = torch.eye(size, dtype=torch.float64), 0.0
    values: dict[int, list[float]] = {}
    diagonals = []
    halved = torch.full((size,), torch.inf, dtype=torch.float64)
    for n, t in enumerate(reversed(range(steps)), start=1):
        step = _pull(copies, t, None)
        diagonals.append(step.diagonal())
        right = right @ step
        norm = float(right.abs().max()) or 1.0  # a cell with nothing but delays forgets altogether
        right, scale = right / norm, scale + math.log(norm)
        effects = right.norm(dim=0).log() + scale
        halved = torch.where(effects.le(math.log(0.5)) & halved.isinf(), float(n), halved)
        if n & (n - 1) == 0 or n == steps:
            values[n] = (torch.linalg.svdvals(right).log() + scale).tolist()
    kept = torch.stack(diagonals[::-1])
    sizes = [leaf[0].numel() for leaf in state]
    return Spectrum(
        values, [part.tolist() for part in halved.split(sizes)], [part.clone() for part in kept.split(sizes, dim=1)]
    )


def lyapunov(run: Unrolled) -> list[float]:
    """The largest Lyapunov exponent of each sequence, in nats a step: above 0 nearby states part, below 0 they meet.

    The mean of log ||J_k^T v|| / ||v|| on the way back from the last step, the first quarter of the way left out, in
    which v comes to lie in the direction that grows most. G. Benettin et al., Meccanica 15 (1980); of the product of
    transposed matrices, which has the same exponents.

    Args:
        run: The cell over time.

    Returns:
        For each sequence; not a number for one of fewer than 4 steps.
    """
    like = run.states[-1]
    batch, size = len(like[0]), size_of(like)
    vectors = torch.randn(batch, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    sums, counts = torch.zeros(batch, dtype=torch.float64), torch.zeros(batch, dtype=torch.float64)

    def loop() -> None:
        nonlocal vectors, sums, counts
        for t in reversed(range(run.steps)):
            handed, _, _ = pull_back(run, t, None, unflat(vectors, like))
            new = flat(handed)
            norms = new.norm(dim=1)
            counted = run.valid(t) & (run.lengths - t > run.lengths // _BURN_IN)
            sums = sums + torch.where(counted, norms.log(), 0.0)
            counts = counts + counted
            # What has vanished altogether goes on as it is, and its exponent is minus infinity.
            vectors = new / torch.where(norms > 0, norms, 1.0)[:, None]

    run.within(loop)
    found = sums / counts
    return torch.where(run.lengths >= _BURN_IN, found, torch.nan).tolist()


def rest_radius(cell: RNNCell, params: Mapping[str, Tensor] | None = None) -> float | None:
    """The spectral radius of the cell linearised where it rests: with zeros to read, after some steps from its start.

    Gradients of the linearised network go with gamma^(t - k). For an Elman network with tanh and without biases gamma
    is the spectral radius of U: R. Pascanu, T. Mikolov and Y. Bengio, On the Difficulty of Training Recurrent Neural
    Networks, ICML 2013.

    Args:
        cell: The cell.
        params: Values for its parameters and buffers, by name; None for its own.

    Returns:
        Gamma; None where the state has more than `LARGEST` numbers.
    """
    if size_of(cell.initial_state(1, torch.zeros(()))) > LARGEST:
        return None
    run = unroll(cell, torch.zeros(1, _SETTLING, cell.input_size), params=params)
    return float(torch.linalg.eigvals(jacobian(run, _SETTLING - 1)).abs().max())


def _pull(copies: Unrolled, t: int, output: Tensor | None) -> Tensor:
    """The identity, one step back: row i is the gradient of number i of the state after step t."""
    like = copies.states[t + 1]
    identity = torch.eye(size_of(like), dtype=torch.float64)
    handed, _, _ = copies.within(lambda: pull_back(copies, t, output, unflat(identity, like)))
    return flat(handed)


def _copies(run: Unrolled, row: int, count: int) -> Unrolled:
    """One sequence as a batch of so many equal ones."""

    def spread(value: Tensor) -> Tensor:
        return value[row : row + 1].expand(count, *value.shape[1:])

    states = [tuple(spread(leaf) for leaf in state) for state in run.states]
    return Unrolled(run.cell, run.params, spread(run.z), states, spread(run.outputs), spread(run.lengths))

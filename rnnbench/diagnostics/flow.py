"""How far gradients reach back: the norm of dL_t/ds_k against the lag t - k."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.cells import State
from rnnbench.diagnostics.unroll import Unrolled, pull_back

_TRANSIENT = 4
"""The first 1 / so many of the lags say little of the growth in the long run: a matrix that is not normal may stretch
what it later shrinks."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Norms of gradients over lags.

    Args:
        norms: ``(T, B)``: ||dL_t/ds_k|| over all leaves of the state, at the lags t - k = 1, 2, ..., T; not a number
            where a sequence does not reach so far back, or has no gradient at all.
        leaves: ``(T, B, leaves)``: the same of each leaf of the state.
    """

    norms: Tensor
    leaves: Tensor

    def relative(self) -> Tensor:
        """``(T, B)``: as multiples of the norm at lag 1."""
        return self.norms / self.norms[:1]

    def summary(self) -> dict[str, list[float]]:
        """Median, lowest and highest over the sequences that reach so far back, for each lag, relative to lag 1."""
        found: dict[str, list[float]] = {"median": [], "lowest": [], "highest": []}
        for row in self.relative():
            known = row[~row.isnan()]
            if not len(known):
                break
            found["median"].append(float(known.quantile(0.5)))
            found["lowest"].append(float(known.min()))
            found["highest"].append(float(known.max()))
        return found

    def growth(self) -> float | None:
        """By what the norm is multiplied with each step back; None where too little is left of it to tell."""
        return growth(self.summary()["median"])


def gradient_flow(run: Unrolled, outputs: Tensor | None = None) -> Flow:
    """Sends the gradient of one step back through the recurrence.

    For each sequence t is the last step at which the rest of the network hands a gradient down, and L_t is what it
    hands down there, and nothing else: delta_(t-1) = (dy_t/ds_(t-1))^T dL/dy_t, delta_(k-1) = (ds_k/ds_(k-1))^T
    delta_k. The first lag is 1, because an output need be no function of the state after its step.

    Args:
        run: The cell over time.
        outputs: What is handed down, dL/dy ``(B, T, O)``; None for a direction drawn at random for each sequence, the
            same in every call, at its last step.
    """
    given = at_last_step(run) if outputs is None else outputs.detach().cpu().double()
    told = (given != 0).any(-1)
    steps = torch.arange(run.steps)
    source = torch.where(told, steps, -1).amax(1)
    delta: State = tuple(torch.zeros_like(leaf) for leaf in run.states[-1])
    batch = len(given)
    parts = given.new_full((run.steps, batch, len(delta)), torch.nan)

    def loop() -> None:
        nonlocal delta
        for t in reversed(range(int(source.max()) + 1)):
            here = torch.where((source == t)[:, None], given[:, t], torch.zeros_like(given[:, t]))
            delta, _, _ = pull_back(run, t, here, delta)
            lag = source - t  # counted from 0, for the state before step t
            rows = torch.nonzero(lag >= 0)[:, 0]
            for leaf, part in enumerate(delta):
                parts[lag[rows], rows, leaf] = part.flatten(1).norm(dim=1)[rows]

    run.within(loop)
    return Flow(parts.square().sum(-1).sqrt(), parts)


def at_last_step(run: Unrolled) -> Tensor:
    """A gradient ``(B, T, O)`` that is zero but for a direction of length 1 at each sequence's last step."""
    directions = torch.randn(run.outputs[:, 0].shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    given = torch.zeros_like(run.outputs)
    rows = torch.nonzero(run.lengths > 0)[:, 0]
    given[rows, run.lengths[rows] - 1] = (directions / directions.norm(dim=1, keepdim=True))[rows]
    return given


def growth(norms: list[float]) -> float | None:
    """The factor a step of a curve of norms over lags: exp of the slope of its logarithm, by least squares.

    Args:
        norms: From lag 1 on. The first quarter is left out, and all from where it is zero or infinite.

    Returns:
        The factor; None where fewer than three lags are left.
    """
    end = next((k for k, norm in enumerate(norms) if not 0 < norm < math.inf), len(norms))
    start = end // _TRANSIENT
    if end - start < 3:
        return None
    lags = torch.arange(start, end, dtype=torch.float64)
    logs = torch.tensor(norms[start:end], dtype=torch.float64).log()
    lags = lags - lags.mean()
    return math.exp(float((lags * logs).sum() / lags.square().sum()))


def reach(norms: list[float], share: float = 0.01) -> int | None:
    """The first lag at which no more than a share of the gradient is left; None where that is beyond the last lag.

    Args:
        norms: Relative to lag 1, from lag 1 on.
        share: The share.
    """
    return next((lag for lag, norm in enumerate(norms, start=1) if norm <= share), None)

"""Backpropagation through time by hand: the recursion of the deltas, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnbench.cells import State
from rnnbench.diagnostics.unroll import Unrolled, pull_back
from rnnbench.errors import UserError


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of a loss L.

    Args:
        states: T + 1 times dL/ds_k, the deltas: of the state before the first step, and of that after each.
        z: dL/dz ``(B, T, G)``, of the projected input.
        parameters: dL/dtheta by name, through `step` alone: what `project` does with parameters is in ``z``.
    """

    states: list[State]
    z: Tensor
    parameters: dict[str, Tensor]


def backpropagate(
    run: Unrolled, outputs: Tensor | None = None, last: State | None = None, every: int | None = None
) -> Gradients:
    """Backpropagation through time, written out.

    With s_k the state after step k, y_k its output and g_k = dL/dy_k what the rest of the network hands down,

        delta_T = dL/ds_T
        delta_(k-1) = (ds_k/ds_(k-1))^T delta_k + (dy_k/ds_(k-1))^T g_k           k = T, ..., 1
        dL/dz_k = (ds_k/dz_k)^T delta_k + (dy_k/dz_k)^T g_k
        dL/dtheta = sum over k of (ds_k/dtheta)^T delta_k + (dy_k/dtheta)^T g_k

    which for an Elman network s_k = f(a_k), a_k = W x_k + U s_(k-1), y_k = s_k is the textbook's

        delta_(k-1) = U^T diag(f'(a_k)) (delta_k + g_k),

    so that what a loss at step t says to step k has passed through prod diag(f') U, t - k times. P. J. Werbos,
    Backpropagation Through Time: What It Does and How to Do It, Proceedings of the IEEE 78 (1990).

    Only the derivatives of one step are taken from autograd, since any cell may stand there; the chain is this loop. It
    equals autograd through the whole loop to rounding.

    Args:
        run: The cell over time.
        outputs: The g_k, ``(B, T, O)``; None for zero.
        last: dL/ds_T; None for zero.
        every: Truncated backpropagation in chunks of so many steps: no delta passes from the first step of a chunk to
            the last one of the chunk before (R. J. Williams and J. Peng, Neural Computation 2, 1990; here, as
            where a state is detached between windows). None for all of it.

    Raises:
        UserError: The chunk has no step.
    """
    if every is not None and every < 1:
        raise UserError(f"backpropagate: a chunk has at least one step, found {every}")
    nothing = tuple(torch.zeros_like(leaf) for leaf in run.states[-1])
    delta = nothing if last is None else last
    deltas, inputs = [delta], []
    wanted = {name: value.requires_grad_() for name, value in run.params.items() if value.is_floating_point()}
    sums = {name: torch.zeros_like(value) for name, value in wanted.items()}

    def loop() -> None:
        nonlocal delta
        for t in reversed(range(run.steps)):
            given = None if outputs is None else outputs[:, t]
            delta, z, parameters = pull_back(run, t, given, delta, list(wanted.values()))
            for name, gradient in zip(wanted, parameters, strict=True):
                sums[name] += gradient
            inputs.append(z)
            if every is not None and t % every == 0 and t > 0:
                delta = nothing
            deltas.append(delta)

    try:
        run.within(loop)
    finally:
        for value in wanted.values():
            value.requires_grad_(False)
    return Gradients(deltas[::-1], torch.stack(inputs[::-1], 1), sums)

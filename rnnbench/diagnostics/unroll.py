"""A cell unrolled in time: every state on the way, and what a single step hands back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.call import call, project


@dataclass(frozen=True, eq=False)
class Unrolled:
    """A cell over time, without any graph of autograd.

    Args:
        cell: The cell.
        params: Values for its parameters and buffers, by name.
        z: The projected input ``(B, T, G)``.
        states: T + 1 states: the one before the first step, and the one after each.
        outputs: The outputs ``(B, T, O)``.
        lengths: Number of valid steps ``(B,)``: past it a sequence keeps its state.
    """

    cell: RNNCell
    params: Mapping[str, Tensor]
    z: Tensor
    states: Sequence[State]
    outputs: Tensor
    lengths: Tensor

    @property
    def steps(self) -> int:
        """Number T of steps."""
        return self.z.shape[1]

    def within(self, function: Callable[[], Any]) -> Any:
        """Calls a function that calls the cell's `step`, with these values in the place of the cell's parameters."""
        return call(self.cell, self.params, function)

    def valid(self, t: int) -> Tensor:
        """Which sequences ``(B,)`` are still running at step t, counted from 0."""
        return t < self.lengths


def unroll(
    cell: RNNCell,
    x: Tensor,
    state: State | None = None,
    lengths: Tensor | None = None,
    params: Mapping[str, Tensor] | None = None,
) -> Unrolled:
    """Runs a cell over a batch of sequences by the plain loop over `step`, in float64 on the CPU.

    Args:
        cell: The cell.
        x: What it reads ``(B, T, I)``, T >= 1.
        state: The state before the first step; None for the cell's own.
        lengths: Number of valid steps ``(B,)``, int64; None where all are T.
        params: Values for its parameters and buffers, by name; None for its own.
    """
    named = {**dict(cell.named_parameters()), **dict(cell.named_buffers())} if params is None else params
    used = {name: _exact(value) for name, value in named.items() if value is not None}
    x = _exact(x)
    batch, steps = x.shape[:2]
    here = cell.initial_state(batch, x) if state is None else state
    here = tuple(_exact(leaf) for leaf in here)
    lengths = torch.full((batch,), steps) if lengths is None else lengths.detach().cpu()
    with torch.no_grad():
        z = project(cell, used, x)
        states, outputs = [here], []

        def loop() -> None:
            for t in range(steps):
                y, new = cell.step(z[:, t], states[-1])
                states.append(running(t < lengths, new, states[-1]))
                outputs.append(y)

        call(cell, used, loop)
    return Unrolled(cell, used, z, states, torch.stack(outputs, 1), lengths)


def running(valid: Tensor, new: State, old: State) -> State:
    """The new leaves where ``valid (B,)`` says so, the old ones elsewhere."""
    if bool(valid.all()):
        return new
    return tuple(torch.where(valid.view(-1, *[1] * (a.dim() - 1)), a, b) for a, b in zip(new, old, strict=True))


def pull_back(
    run: Unrolled, t: int, output: Tensor | None, state: State, wanted: Sequence[Tensor] = ()
) -> tuple[State, Tensor, tuple[Tensor, ...]]:
    """One step backwards: the gradient after step t becomes the gradient before it.

    Autograd sees this one step and no other. To be called within `Unrolled.within`.

    Args:
        run: The cell over time.
        t: The step, counted from 0.
        output: Gradient of its output ``(B, O)``; None for zero.
        state: Gradient of the state after it.
        wanted: Parameters whose gradients are wanted, as they stand in ``run.params``.

    Returns:
        Gradients of the state before the step, of ``z[:, t]`` and of the parameters. Past its length a sequence hands
        on the gradient of the state, and nothing else.
    """
    valid = run.valid(t)
    with torch.enable_grad():
        z = run.z[:, t].detach().requires_grad_()
        before = tuple(leaf.detach().requires_grad_() for leaf in run.states[t])
        y, after = run.cell.step(z, before)
        nothing = tuple(torch.zeros_like(leaf) for leaf in state)
        given = running(valid, state, nothing)
        pairs = list(zip(after, given, strict=True))
        if output is not None:
            pairs.append((y, torch.where(valid[:, None], output, torch.zeros_like(output))))
        pairs = [(made, gradient) for made, gradient in pairs if made.requires_grad]
        sources = [*before, z, *wanted]
        found = torch.autograd.grad(
            [made for made, _ in pairs], sources, [gradient for _, gradient in pairs], allow_unused=True
        )
    whole = [torch.zeros_like(s) if g is None else g for s, g in zip(sources, found, strict=True)]
    leaves = len(before)
    handed = running(valid, tuple(whole[:leaves]), state)
    return handed, whole[leaves], tuple(whole[leaves + 1 :])


def _exact(value: Tensor) -> Tensor:
    """A copy without history, in float64 where it holds numbers with a point."""
    value = value.detach().cpu()
    return value.double() if value.is_floating_point() else value

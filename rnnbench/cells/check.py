"""Whether a cell does what it declares: the shapes of its state and of its output."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnbench.cells.base import GatedCell, RNNCell

_BATCH = 4


def contradiction(cell: RNNCell) -> str | None:
    """What of `state_spec`, `emits` and `output_size` is not so, found by one step from the initial state.

    Args:
        cell: The cell; its mode and the state of the random number generator stay as they are.

    Returns:
        The first contradiction, in words; None where there is none.
    """
    spec = cell.state_spec()
    if not _is_spec(spec):
        return f"state_spec has to return a tuple of shapes, such as ((8,),) or ((8,), (8,)), found {spec!r}"
    if cell.emits is not None and cell.emits not in range(len(spec)):
        return f"emits is {cell.emits!r}, and the state has {len(spec)} leaves, counted from 0"
    like = next(cell.parameters(), torch.zeros(()))
    x = like.new_zeros(_BATCH, cell.input_size)
    training = cell.training
    cell.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            state = cell.initial_state(_BATCH, like)
            expected = [(_BATCH, *shape) for shape in spec]
            if (found := [tuple(leaf.shape) for leaf in state]) != expected:
                return f"initial_state has {found}, state_spec says {expected}"
            return _step_contradicts(cell, cell.step(cell.project(x), state), expected)
    finally:
        cell.train(training)


def _is_spec(spec: Any) -> bool:
    return isinstance(spec, tuple) and all(
        isinstance(shape, tuple) and all(isinstance(size, int) and size >= 0 for size in shape) for shape in spec
    )


def _step_contradicts(cell: RNNCell, made: Any, expected: list[tuple[int, ...]]) -> str | None:
    pair = isinstance(made, tuple) and [Tensor, tuple] == [type(part) for part in made]
    if not pair or not all(isinstance(leaf, Tensor) for leaf in made[1]):
        return "step has to return an output and a tuple of tensors, such as: return hidden, (hidden,)"
    y, new = made
    if tuple(y.shape) != (_BATCH, cell.output_size):
        problem = f"the output is {tuple(y.shape)}, output_size says {(_BATCH, cell.output_size)}"
        if isinstance(cell, GatedCell):
            problem += f"; gates = {cell.gates} makes z {(_BATCH, cell.gates * cell.hidden_size)}"
        return problem
    if (found := [tuple(leaf.shape) for leaf in new]) != expected:
        return f"the new state has {found}, state_spec says {expected}"
    return None

"""Plain functions on the state of a stack: tensors in tuples, nested to any depth, batch first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

StackState = tuple[Any, ...]
"""State of a stack: for each layer, for each direction, the leaves of the cell's state."""


def map_state(function: Callable[..., Tensor], *states: StackState) -> StackState:
    """Applies a function to the leaves that stand in the same place of one or more states."""
    return tuple(
        function(*parts) if isinstance(parts[0], Tensor) else map_state(function, *parts)
        for parts in zip(*states, strict=True)
    )


def detach(state: StackState) -> StackState:
    """The same values without their history: cuts truncated backpropagation through time."""
    return map_state(torch.Tensor.detach, state)


def select(state: StackState, rows: Tensor) -> StackState:
    """The rows ``(N,)`` (int64) of every leaf, in this order and as often as named: what a beam search keeps."""
    return map_state(lambda leaf: leaf.index_select(0, rows), state)


def reset(state: StackState, where: Tensor, initial: StackState) -> StackState:
    """The initial state in the rows ``where (B,)`` (bool) marks, the state in the others."""

    def replace(leaf: Tensor, start: Tensor) -> Tensor:
        return torch.where(where.view(-1, *[1] * (leaf.dim() - 1)), start, leaf)

    return map_state(replace, state, initial)


def leaves(state: StackState) -> list[Tensor]:
    """The leaves in order."""
    found: list[Tensor] = []
    for part in state:
        found.extend([part] if isinstance(part, Tensor) else leaves(part))
    return found


def unflatten(tensors: list[Tensor], like: StackState) -> StackState:
    """Leaves in the nesting of another state: the inverse of `leaves`."""
    remaining = iter(tensors)
    return map_state(lambda _: next(remaining), like)

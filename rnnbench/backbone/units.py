"""The units of a stack: what it remembers, number by number, to be read and to be held."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from rnnbench.backbone.stack import Backbone
from rnnbench.backbone.state import StackState, leaves, unflatten


def count_units(backbone: Backbone) -> int:
    """Number U of units.

    Args:
        backbone: The stack.
    """
    return sum(size for _, size in _memory(backbone))


def units(backbone: Backbone, state: StackState) -> Tensor:
    """What a stack remembers, in a row.

    Of each cell these are the leaves of its state but for the one that is also its output, where there are others: the
    c of an LSTM, the h of a GRU. Layers stand one after the other, from the input up.

    Args:
        backbone: The stack.
        state: Its state, leaves ``(B, ...)``.

    Returns:
        ``(B, U)``.
    """
    found = leaves(state)
    return torch.cat([found[leaf].flatten(1) for leaf, _ in _memory(backbone)], 1)


def hold(backbone: Backbone, state: StackState, values: Mapping[int, float]) -> StackState:
    """The same state with some of its units at given values.

    Args:
        backbone: The stack.
        state: Its state, leaves ``(B, ...)``.
        values: By the numbers of the units, from 0, as `units` gives them.
    """
    found = leaves(state)
    first = 0
    for leaf, size in _memory(backbone):
        here = {unit - first: value for unit, value in values.items() if first <= unit < first + size}
        if here:
            flat = found[leaf].flatten(1).clone()
            flat[:, list(here)] = flat.new_tensor(list(here.values()))
            found[leaf] = flat.view_as(found[leaf])
        first += size
    return unflatten(found, like=state)


def _memory(backbone: Backbone) -> list[tuple[int, int]]:
    """Which leaves of a stack's state are remembered, by their place among all, and how many numbers each has."""
    found, place = [], 0
    for cell in (cell for cells in backbone.cells for cell in cells):
        shapes = cell.state_spec()
        for leaf, shape in enumerate(shapes):
            if leaf != cell.emits or len(shapes) == 1:
                found.append((place + leaf, math.prod(shape)))
        place += len(shapes)
    return found

"""The matrices that feed the state back: their spectral radius and norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.cells import RNNCell
from rnnbench.errors import UserError


class Weight(NamedTuple):
    """A recurrent matrix, or the rows of one gate in it.

    Args:
        name: Such as ``weight_hh[1]``: the second gate's rows.
        radius: The largest absolute value of an eigenvalue; None where it is not square.
        norm: The largest singular value: the most that a step can stretch a gradient by this matrix.
    """

    name: str
    radius: float | None
    norm: float


def recurrent_weights(cell: RNNCell, params: Mapping[str, Tensor] | None = None) -> list[Weight]:
    """What the recurrent matrices of a cell do, gate by gate.

    Args:
        cell: The cell; its `recurrent_weights` ``(G, ...)`` are cut into blocks of H rows, one a gate.
        params: Values for its parameters, by name; None for its own.
    """
    found = []
    for name in cell.recurrent_weights:
        whole = (cell.get_parameter(name) if params is None else params[name]).detach().cpu().double()
        blocks = whole.split(cell.hidden_size)
        for number, block in enumerate(blocks):
            radius = float(torch.linalg.eigvals(block).abs().max()) if block.shape[0] == block.shape[1] else None
            label = name if len(blocks) == 1 else f"{name}[{number}]"
            found.append(Weight(label, radius, float(torch.linalg.matrix_norm(block, 2))))
    return found


@torch.no_grad()
def set_radius(cell: RNNCell, radius: float) -> None:
    """Scales every square recurrent matrix, gate by gate, to a spectral radius.

    H. Jaeger, The "Echo State" Approach to Analysing and Training Recurrent Neural Networks, GMD Report 148 (2001).

    Args:
        cell: The cell; its weights are changed.
        radius: The radius.

    Raises:
        UserError: The radius is not positive, or the cell has no square recurrent matrix.
    """
    if not radius > 0:
        raise UserError(f"set_radius: the radius must be positive, found {radius}")
    blocks = [
        block
        for name in cell.recurrent_weights
        for block in cell.get_parameter(name).split(cell.hidden_size)
        if block.shape[0] == block.shape[1]
    ]
    if not blocks:
        raise UserError(f"set_radius: {type(cell).__name__} has no square recurrent matrix")
    for block in blocks:
        block *= radius / float(torch.linalg.eigvals(block.double()).abs().max())

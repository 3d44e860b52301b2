"""Which cells are timed, what each costs, and which layer of torch.nn it is compared with."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.cells import GRU, LSTM, Elman, RNNCell
from rnnbench.cells.every import every_cell
from rnnbench.errors import UserError, did_you_mean

LayerName = Literal["LSTM", "GRU", "RNN"]

# The cells that are the same mathematics as torch.nn's layers.
SAME: dict[LayerName, type[RNNCell]] = {"LSTM": LSTM, "GRU": GRU, "RNN": Elman}


def all_cells() -> dict[str, type[RNNCell]]:
    """Every exported cell that two sizes make, by name: torch.nn's own first."""
    found = every_cell()
    first = [one.__name__ for one in SAME.values()]
    return {name: found[name] for name in sorted(found, key=lambda name: (name not in first, name))}


def find_cell(name: str) -> type[RNNCell]:
    """A cell by its name.

    Raises:
        UserError: There is none.
    """
    cells = all_cells()
    if name not in cells:
        raise UserError(f"no cell is called {name!r}", where="--cells", hint=did_you_mean(name, cells))
    return cells[name]


def product_flops(cell: RNNCell) -> int:
    """Floating-point operations of the matrix products of one step of one sequence, forward."""
    like = next(cell.parameters())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        cell(like.new_zeros(1, cell.input_size), cell.initial_state(1, like))
    return counter.get_total_flops()


def counterpart(cell_class: type[RNNCell]) -> LayerName:
    """The layer of torch.nn to compare a cell with: the one its name ends in, else the one of the nearest FLOPs."""
    for name in get_args(LayerName)[:2]:
        if cell_class.__name__.endswith(name):
            return name
    own = product_flops(cell_class(64, 64))
    return min(SAME, key=lambda name: abs(math.log(max(own, 1) / product_flops(SAME[name](64, 64)))))


def relative_flops(cell_class: type[RNNCell]) -> float:
    """FLOPs of a cell's products over those of its counterpart, where I = H."""
    return product_flops(cell_class(64, 64)) / product_flops(SAME[counterpart(cell_class)](64, 64))

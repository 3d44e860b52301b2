"""Layers and cells of torch.nn that are the same mathematics as ours, with the weights of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from rnnbench.bench.subjects import SAME, LayerName
from rnnbench.cells import RNNCell
from rnnbench.errors import UserError

_LAYERS: dict[LayerName, type[nn.RNNBase]] = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
_CELLS: dict[LayerName, type[nn.RNNCellBase]] = {"LSTM": nn.LSTMCell, "GRU": nn.GRUCell, "RNN": nn.RNNCell}


def layers_of(cells: Sequence[Sequence[RNNCell]], between: float = 0.0) -> nn.RNNBase:
    """Layers of torch.nn, batch first.

    Args:
        cells: The cells of a plain stack: for each layer, for each direction.
        between: Rate at which the input of every layer but the first is dropped in training.

    Raises:
        UserError: torch.nn has no such layers.
    """
    first = cells[0][0]
    made = _LAYERS[_name_of(first)](
        first.input_size,  # type: ignore[arg-type]
        first.hidden_size,
        len(cells),
        batch_first=True,
        dropout=between if len(cells) > 1 else 0.0,
        bidirectional=len(cells[0]) > 1,
    )
    _copy([weight for layer in cells for cell in layer for weight in cell.parameters()], made.parameters())
    return made


def cell_of(cell: RNNCell) -> nn.RNNCellBase:
    """The cell of torch.nn.

    Raises:
        UserError: torch.nn has no such cell.
    """
    made = _CELLS[_name_of(cell)](cell.input_size, cell.hidden_size)  # type: ignore[call-arg]
    _copy(cell.parameters(), made.parameters())
    return made


def nothing_alike() -> UserError:
    """What is raised where torch.nn has nothing of the kind."""
    return UserError("torch.nn has no such layers to compare with", where="model.backbone")


def _name_of(cell: RNNCell) -> LayerName:
    for name, same in SAME.items():
        if type(cell) is same:
            return name
    raise nothing_alike()


def _copy(weights: Iterable[Tensor], into: Iterable[Tensor]) -> None:
    ours, theirs = list(weights), list(into)
    if [one.shape for one in ours] != [one.shape for one in theirs]:
        raise nothing_alike()
    with torch.no_grad():
        for one, other in zip(ours, theirs, strict=True):
            other.copy_(one)

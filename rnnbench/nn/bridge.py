"""From the last state of an encoder to the first one of a decoder, for any cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import StackState
from rnnbench.cells import RNNCell
from rnnbench.errors import UserError, did_you_mean

BridgeKind = Literal["copy", "linear", "zero"]
Cells = Sequence[Sequence[RNNCell]]
"""The cells of a stack: for each layer, for each direction."""

_VECTORS = 2


class Bridge(nn.Module):
    """Makes a decoder's first state of an encoder's last one, leaf by leaf.

    The layers are matched from the top; decoder layers that the encoder has no counterpart of take its lowest.

    - copy: the leaf as it is; of two directions, both side by side along the last axis (I. Sutskever, O. Vinyals and
      Q. V. Le, NeurIPS 2014, with one direction).
    - linear: s = tanh(W e + b), e being the leaf in all directions (D. Bahdanau, K. Cho and Y. Bengio, ICLR 2015; they
      take the backward direction alone). So it is where the state is one vector or two (h, or h and c). Where it is
      more, or no vector (a normaliser, a buffer, a matrix memory), no such map need make a state that the cell could
      ever have: there the leaf that the cell emits is mapped, and the others are copied from the last direction, where
      the shapes agree; else they begin as the cell begins.
    - zero: the decoder begins as its cells begin, whatever the encoder has read.

    Args:
        encoder: The encoder's cells.
        decoder: The decoder's cells, of one direction.
        kind: Which of these.

    Raises:
        UserError: There is no such kind, or a state is to be copied that has another shape.
    """

    def __init__(self, encoder: Cells, decoder: Cells, kind: BridgeKind) -> None:
        super().__init__()
        if kind not in get_args(BridgeKind):
            raise UserError(f"Bridge: no kind is called {kind!r}", hint=did_you_mean(kind, get_args(BridgeKind)))
        self.kind = kind
        self._decoder = [cells[0] for cells in decoder]
        offset = len(encoder) - len(decoder)
        self._from = [max(layer + offset, 0) for layer in range(len(decoder))]
        self.linear = nn.ModuleDict()
        for layer, cell in enumerate(self._decoder):
            read = [one.state_spec() for one in encoder[self._from[layer]]]
            if kind == "copy":
                _check_copy(read, cell)
            elif kind == "linear":
                for leaf in _mapped(cell):
                    width = _width(read, leaf)
                    if width:
                        self.linear[f"{layer}_{leaf}"] = nn.Linear(width, cell.state_spec()[leaf][0])

    def forward(self, state: StackState, like: Tensor) -> StackState:
        """The decoder's first state.

        Args:
            state: The encoder's last one, leaves ``(B, ...)``.
            like: Any tensor ``(B, ...)`` of the wanted type and device.
        """
        made = []
        for layer, cell in enumerate(self._decoder):
            start = cell.initial_state(like.shape[0], like)
            if self.kind != "zero":
                ends = state[self._from[layer]]
                start = tuple(self._leaf(layer, leaf, ends, one) for leaf, one in enumerate(start))
            made.append((start,))
        return tuple(made)

    def _leaf(self, layer: int, leaf: int, ends: StackState, start: Tensor) -> Tensor:
        """One leaf ``(B, ...)`` of the decoder, from those of all directions."""
        if self.kind == "copy":
            return torch.cat([end[leaf] for end in ends], dim=-1)
        name = f"{layer}_{leaf}"
        if name in self.linear:
            return torch.tanh(self.linear[name](torch.cat([end[leaf] for end in ends], dim=-1)))
        last = ends[-1]
        return last[leaf] if leaf < len(last) and last[leaf].shape == start.shape else start


class VectorBridge(nn.Module):
    """Makes a first state of a vector v, such as the mean of an image's regions: s = tanh(W v + b).

    K. Xu et al., Show, Attend and Tell, ICML 2015. Every leaf that `Bridge` would map is made so; the others begin as
    the cell begins.

    Args:
        size: Width L of the vector.
        cells: The cells, of one direction.
    """

    def __init__(self, size: int, cells: Cells) -> None:
        super().__init__()
        self._cells = [layer[0] for layer in cells]
        self.linear = nn.ModuleDict()
        for layer, cell in enumerate(self._cells):
            for leaf in _mapped(cell):
                self.linear[f"{layer}_{leaf}"] = nn.Linear(size, cell.state_spec()[leaf][0])

    def forward(self, vector: Tensor) -> StackState:
        """Vectors ``(B, L)`` -> a state of B rows."""
        made = []
        for layer, cell in enumerate(self._cells):
            start = cell.initial_state(vector.shape[0], vector)
            leaves = tuple(
                torch.tanh(self.linear[name](vector)) if (name := f"{layer}_{leaf}") in self.linear else one
                for leaf, one in enumerate(start)
            )
            made.append((leaves,))
        return tuple(made)


def last_output(cells: Cells, state: StackState, size: int) -> Tensor:
    """What a stack has last put out, as far as its state tells: the leaf that the top cell emits, else zeros.

    Args:
        cells: The cells of the stack, of one direction.
        state: Its state, leaves ``(B, ...)``.
        size: Width O of its output.

    Returns:
        ``(B, O)``.
    """
    top, leaves = cells[-1][0], state[-1][0]
    if top.emits is not None and leaves[top.emits].shape[1:] == (size,):
        return leaves[top.emits]
    return leaves[0].new_zeros(leaves[0].shape[0], size)


def _mapped(cell: RNNCell) -> list[int]:
    """The leaves that a linear map may make."""
    spec = cell.state_spec()
    if len(spec) <= _VECTORS and all(len(shape) == 1 for shape in spec):
        return list(range(len(spec)))
    return [leaf for leaf, shape in enumerate(spec) if leaf == cell.emits and len(shape) == 1]


def _width(specs: Sequence[tuple[tuple[int, ...], ...]], leaf: int) -> int:
    """Width of a leaf over all directions; 0 where it is no vector."""
    if any(leaf >= len(spec) or len(spec[leaf]) != 1 for spec in specs):
        return 0
    return sum(spec[leaf][0] for spec in specs)


def _check_copy(read: Sequence[tuple[tuple[int, ...], ...]], cell: RNNCell) -> None:
    wanted = list(cell.state_spec())
    found = [(*shapes[0][:-1], sum(shape[-1] for shape in shapes)) for shapes in zip(*read, strict=True)]
    if found != wanted:
        raise UserError(
            f"the encoder's last state has the shapes {found}, the decoder's {wanted}: no copy fits",
            where="bridge",
            hint="linear; or a decoder of the encoder's hidden size times its directions",
        )

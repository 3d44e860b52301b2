"""The backbone that every application shares: layers of one cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import StackState
from rnnbench.cells import LSTM, RNNCell, State
from rnnbench.engine import EngineName, select_engine
from rnnbench.errors import UserError


class Backbone(nn.Module):
    """A stack of recurrent layers over any cell.

    `forward` runs layer by layer over whole sequences, `step` cell by cell over one position; both give the same
    numbers. What stands in the padding changes nothing, and the last state is the last valid one in both directions.

    Args:
        input_size: Width I of the input.
        cell: Makes a cell from its input size and its hidden size: a class, or a class with options.
        hidden_size: Number H of hidden units of each layer and direction.
        num_layers: Depth.
        bidirectional: Whether a second cell in each layer reads from the end; outputs stand side by side.
        dropout: Rate at which outputs of every layer but the last are dropped in training, as in torch.nn.LSTM.
        engine: How cells are run over time; ``auto`` takes the fastest that can run this cell.

    Raises:
        UserError: A size or a rate is out of range, or the engine cannot run the cell.
    """

    def __init__(
        self,
        input_size: int,
        cell: Callable[[int, int], RNNCell] = LSTM,
        hidden_size: int = 256,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        engine: EngineName = "auto",
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise UserError(f"Backbone: num_layers must be at least 1, found {num_layers}")
        if not 0 <= dropout < 1:
            raise UserError(f"Backbone: dropout must be in [0, 1), found {dropout}")
        self.input_size = input_size
        self.dropout = nn.Dropout(dropout)
        directions = 2 if bidirectional else 1
        self.layers = nn.ModuleList()
        width = input_size
        for _ in range(num_layers):
            cells = [cell(width, hidden_size) for _ in range(directions)]
            self.layers.append(nn.ModuleList(cells))
            width = sum(one.output_size for one in cells)
        self.output_size = width
        self.causal = not bidirectional
        self.engine = select_engine(self.cells[0][0], engine)

    @property
    def cells(self) -> list[list[RNNCell]]:
        """The cells: for each layer, for each direction."""
        return [list(cast(nn.ModuleList, layer)) for layer in self.layers]  # type: ignore[arg-type]

    def initial_state(self, batch_size: int, like: Tensor) -> StackState:
        """The state before the first step.

        Args:
            batch_size: B.
            like: Any tensor of the wanted type and device.
        """
        return tuple(tuple(cell.initial_state(batch_size, like) for cell in cells) for cells in self.cells)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, state: StackState | None = None
    ) -> tuple[Tensor, StackState]:
        """Runs the stack over a batch of sequences.

        Args:
            x: Input ``(B, T, I)``.
            lengths: Number of valid steps ``(B,)``, int64, each in 0..T; None where all are T.
            state: State to start from; None for the initial one.

        Returns:
            Output ``(B, T, O)``, zero past each length, and the state after each last valid step.

        Raises:
            UserError: A shape, a length or the state does not fit; names the argument and both sizes.
        """
        if x.dim() != 3 or x.shape[2] != self.input_size or x.shape[1] < 1:
            raise UserError(f"Backbone: x must be (B, T >= 1, {self.input_size}), found {tuple(x.shape)}")
        batch, steps = x.shape[:2]
        valid = None
        if lengths is not None:
            _check_lengths(lengths, batch, steps)
            if bool((lengths == steps).all()):
                lengths = None
            else:
                valid = torch.arange(steps, device=x.device)[None, :] < lengths[:, None]
        if state is None:
            state = self.initial_state(batch, x)
        else:
            self._check_state(state, batch)
        last = []
        for depth, cells in enumerate(self.cells):
            if depth > 0:
                x = self.dropout(x)
            outputs, states = [], []
            for backward, cell in enumerate(cells):
                y, end = self._run(cell, x, state[depth][backward], lengths, reverse=bool(backward))
                outputs.append(y)
                states.append(end)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)
            if valid is not None:
                x = torch.where(valid[..., None], x, x.new_zeros(()))
            last.append(tuple(states))
        return x, tuple(last)

    def step(self, x: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """Runs the stack over one position.

        Args:
            x: Input ``(B, I)``.
            state: State after the position before.

        Returns:
            Output ``(B, O)`` and the new state.

        Raises:
            UserError: The backbone reads from both ends, so that no single step exists.
        """
        if not self.causal:
            raise UserError("Backbone: a bidirectional stack cannot step", hint="bidirectional: false")
        last = []
        for depth, cells in enumerate(self.cells):
            if depth > 0:
                x = self.dropout(x)
            x, end = cells[0](x, state[depth][0])
            last.append((end,))
        return x, tuple(last)

    def _run(
        self, cell: RNNCell, x: Tensor, state: State, lengths: Tensor | None, reverse: bool
    ) -> tuple[Tensor, State]:
        params = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
        if not reverse:
            return self.engine.run(cell, params, x, state, lengths)
        y, end = self.engine.run(cell, params, _flip(x, lengths), state, lengths)
        return _flip(y, lengths), end

    def _check_state(self, state: StackState, batch: int) -> None:
        expected = [[[(batch, *shape) for shape in cell.state_spec()] for cell in cells] for cells in self.cells]
        try:
            found = [[[tuple(leaf.shape) for leaf in leaves] for leaves in cells] for cells in state]
        except (AttributeError, TypeError):
            raise UserError("Backbone: state must be nested as layers, directions, tensors") from None
        if found != expected:
            raise UserError(f"Backbone: state must have the shapes {expected}, found {found}")


def _check_lengths(lengths: Tensor, batch: int, steps: int) -> None:
    if lengths.dtype != torch.int64:
        raise UserError(f"Backbone: lengths must be int64, found {lengths.dtype}")
    if lengths.shape != (batch,):
        raise UserError(f"Backbone: lengths must be ({batch},), found {tuple(lengths.shape)}")
    if batch and (int(lengths.min()) < 0 or int(lengths.max()) > steps):
        raise UserError(f"Backbone: lengths must be in 0..{steps}, found {int(lengths.min())}..{int(lengths.max())}")


def _flip(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverses the valid steps of every row ``(B, T, I)`` and leaves the padding where it is."""
    if lengths is None:
        return x.flip(1)
    position = torch.arange(x.shape[1], device=x.device)[None, :]
    source = torch.where(position < lengths[:, None], lengths[:, None] - 1 - position, position)
    return x.gather(1, source[..., None].expand_as(x))

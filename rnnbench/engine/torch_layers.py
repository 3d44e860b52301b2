"""torch.nn's own recurrent layers, for the cells that are the same mathematics (cuDNN on GPUs, oneDNN on CPUs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.cells import GRU, LSTM, Elman, RNNCell, State
from rnnbench.engine.base import Engine

_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class TorchEngine(Engine):
    """Runs LSTM, GRU and Elman (tanh, relu) through the fused layers behind torch.nn."""

    name = "torch"

    def refusal(self, cell: RNNCell, masked: bool = False) -> str | None:
        """Refuses every cell that torch.nn does not have, subclasses of those it has included."""
        if _fused_layer(cell) is None:
            return f"torch.nn has no layer that equals {type(cell).__name__}({cell.extra_repr()})"
        if masked:
            return "torch.nn's layers have no locked dropout on the state"
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        weights = [params[name] for name in _PARAMETERS]
        if lengths is None:
            return _run_full(cell, weights, x, state)
        rows = torch.nonzero(lengths).squeeze(1)
        if len(rows) == 0:
            return x.new_zeros(*x.shape[:2], cell.output_size), state
        if len(rows) == len(lengths):
            return _run_packed(cell, weights, x, state, lengths)
        # A packed sequence cannot hold an empty row: run the others and leave its state as it was.
        y, last = _run_packed(cell, weights, x[rows], tuple(leaf[rows] for leaf in state), lengths[rows])
        output = y.new_zeros(*x.shape[:2], cell.output_size).index_copy(0, rows, y)
        return output, tuple(old.to(new.dtype).index_copy(0, rows, new) for old, new in zip(state, last, strict=True))


def _fused_layer(cell: RNNCell) -> Callable[..., Any] | None:
    """The function of PyTorch that runs a layer of this cell; None where there is none."""
    # The exact type: a subclass may have another step.
    if type(cell) is LSTM:
        return torch.lstm
    if type(cell) is GRU:
        return torch.gru
    if type(cell) is Elman:
        return {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}.get(cell.nonlinearity)
    return None


def _with_layer_axis(state: State) -> Any:
    """Leaves ``(B, H)`` as torch.nn takes them: ``(1, B, H)``, a list where there are two."""
    leaves = [leaf.unsqueeze(0) for leaf in state]
    return leaves if len(leaves) > 1 else leaves[0]


def _run_full(cell: RNNCell, weights: list[Tensor], x: Tensor, state: State) -> tuple[Tensor, State]:
    layer = _fused_layer(cell)
    assert layer is not None
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    output, *last = layer(x, _with_layer_axis(state), weights, True, 1, 0.0, cell.training, False, True)
    return output, tuple(leaf.squeeze(0) for leaf in last)


def _run_packed(cell: RNNCell, weights: list[Tensor], x: Tensor, state: State, lengths: Tensor) -> tuple[Tensor, State]:
    layer = _fused_layer(cell)
    assert layer is not None
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    ordered = tuple(leaf[packed.sorted_indices] for leaf in state)
    # has_biases, num_layers, dropout, train, bidirectional
    data, *last = layer(
        packed.data, packed.batch_sizes, _with_layer_axis(ordered), weights, True, 1, 0.0, cell.training, False
    )
    output, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
    return output, tuple(leaf.squeeze(0)[packed.unsorted_indices] for leaf in last)

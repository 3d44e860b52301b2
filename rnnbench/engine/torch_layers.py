"""torch.nn's own recurrent layers, for the cells that are the same mathematics (cuDNN on GPUs, oneDNN on CPUs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.cells import GRU, LSTM, Elman, RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.call import returned_dtype
from rnnbench.engine.precision import as_products, product_dtype, products_as

_PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class TorchEngine(Engine):
    """Runs LSTM, GRU and Elman (tanh, relu) through the fused layers behind torch.nn."""

    name = "torch"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses every cell that torch.nn does not have, subclasses of those it has included."""
        if _fused_layer(cell) is None:
            return f"torch.nn has no layer that equals {type(cell).__name__}({cell.extra_repr()})"
        if masked:
            return "torch.nn's layers have no locked dropout on the state"
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`.

        Tensors are cast to the type of recurrent products, outside of autocast: PyTorch's rule for recurrent layers
        on CUDA is float16, whatever autocast was asked for.
        """
        dtype, returned = product_dtype(x.device, state[0].dtype), returned_dtype(x, state)
        weights = [params[name].to(dtype) for name in _PARAMETERS]
        start = tuple(leaf.to(dtype) for leaf in state)
        with products_as(x.device, None):
            if lengths is None:
                y, last = _run_full(cell, weights, x.to(dtype), start)
            else:
                y, last = _run_packed(cell, weights, x.to(dtype), start, lengths.cpu())
        return y.to(returned), tuple(leaf.to(returned) for leaf in last)


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


def _with_layer_axis(leaves: Sequence[Tensor]) -> Any:
    """Leaves ``(B, H)`` as torch.nn takes them: ``(1, B, H)`` without gaps, a list where there are two."""
    found = [leaf.unsqueeze(0).contiguous() for leaf in leaves]
    return found if len(found) > 1 else found[0]


def _run_full(cell: RNNCell, weights: list[Tensor], x: Tensor, state: State) -> tuple[Tensor, State]:
    layer, training = _fused_layer(cell), cell.training
    assert layer is not None

    def run(x: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        leaves, weights = given[: len(state)], list(given[len(state) :])
        # has_biases, num_layers, dropout, train, bidirectional, batch_first
        return layer(x, _with_layer_axis(leaves), weights, True, 1, 0.0, training, False, True)

    output, *last = as_products(run, x, *state, *weights)
    return output, tuple(leaf.squeeze(0) for leaf in last)


def _run_packed(cell: RNNCell, weights: list[Tensor], x: Tensor, state: State, lengths: Tensor) -> tuple[Tensor, State]:
    layer, training = _fused_layer(cell), cell.training
    assert layer is not None
    # Sorted here, on the CPU: pad_packed_sequence would wait for the device to bring the order back. A packed sequence
    # cannot hold an empty row, which is left as it was.
    longest, order = torch.sort(lengths, descending=True)
    count = int(torch.count_nonzero(lengths))
    if count == 0:
        return x.new_zeros(*x.shape[:2], cell.output_size), state
    rows = order[:count].to(x.device, non_blocking=True)
    packed = pack_padded_sequence(x.index_select(0, rows), longest[:count], batch_first=True)
    sorted_state = tuple(leaf.index_select(0, rows) for leaf in state)

    def run(data: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        leaves, weights = given[: len(state)], list(given[len(state) :])
        # has_biases, num_layers, dropout, train, bidirectional
        return layer(data, packed.batch_sizes, _with_layer_axis(leaves), weights, True, 1, 0.0, training, False)

    data, *last = as_products(run, packed.data, *sorted_state, *weights)
    y, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
    output = y.new_zeros(*x.shape[:2], cell.output_size).index_copy(0, rows, y)
    return output, tuple(old.index_copy(0, rows, new.squeeze(0)) for old, new in zip(state, last, strict=True))

"""What is timed: training steps, forward and backward with the gradients of x and of all weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnbench.bench.shapes import Shape
from rnnbench.bench.subjects import LayerName, product_flops
from rnnbench.cells import RNNCell
from rnnbench.engine import EngineName, select_engine

Step = Callable[[], Any]


class Batch(NamedTuple):
    """Input ``(B, T, I)``, lengths ``(B,)`` or None, and the gradient of the output ``(B, T, O)``, zero in padding."""

    x: Tensor
    lengths: Tensor | None
    gradient: Tensor


def full_batch(shape: Shape, output_size: int, device: str = "cpu") -> Batch:
    """A batch of random numbers whose sequences are all as long."""
    x = torch.randn(shape.batch, shape.time, shape.inputs, device=device)
    gradient = torch.randn(shape.batch, shape.time, output_size, device=device)
    return Batch(x.requires_grad_(), None, gradient)


def engine_step(cell: RNNCell, engine: EngineName, batches: Sequence[Batch]) -> Step:
    """A cell on one of our engines; lengths are the engine's own affair."""
    chosen = select_engine(cell, engine)
    params = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}

    def forward(batch: Batch) -> Tensor:
        state = cell.initial_state(len(batch.x), batch.x)
        return chosen.run(cell, params, batch.x, state, batch.lengths)[0]

    return _training(forward, cell, batches)


def layer_step(layer: nn.RNNBase, batches: Sequence[Batch], packed: bool = False) -> Step:
    """A layer of torch.nn on padded batches, or on packed sequences as its users write them."""

    def forward(batch: Batch) -> Tensor:
        if not packed or batch.lengths is None:
            return layer(batch.x)[0]
        rows = pack_padded_sequence(batch.x, batch.lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(layer(rows)[0], batch_first=True, total_length=batch.x.shape[1])[0]

    return _training(forward, layer, batches)


def make_layer(name: LayerName, shape: Shape, device: str = "cpu") -> nn.RNNBase:
    """One layer of torch.nn, batch first as our engines."""
    layers: dict[LayerName, type[nn.RNNBase]] = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
    return layers[name](shape.inputs, shape.hidden, batch_first=True).to(device)  # type: ignore[call-arg, arg-type]


def naive_step(cell: RNNCell, batches: Sequence[Batch]) -> Step:
    """The best loop one writes by hand: input products outside of it, `unbind` instead of an index at every step."""

    def forward(batch: Batch) -> Tensor:
        state = cell.initial_state(len(batch.x), batch.x)
        outputs = []
        for z in cell.project(batch.x).unbind(1):
            y, state = cell.step(z, state)
            outputs.append(y)
        return torch.stack(outputs, dim=1)

    return _training(forward, cell, batches)


def limit_step(cell: RNNCell, shape: Shape, device: str = "cpu") -> Step:
    """Three large products of together as many FLOPs as the cell's training step: ``x w``, ``x^T y`` and ``y w^T``.

    x is ``(T B, I + H)``; the width of w makes up the FLOPs. The operands lie as suits the product best, which is
    `torch.mm` or oneDNN's, by a trial: MKL behind `torch.mm` leaves some processors half idle.
    """
    rows, inner = shape.time * shape.batch, shape.inputs + shape.hidden
    width = max(1, round(product_flops(cell) / (2 * inner)))
    sizes = ((rows, inner, width), (inner, rows, width), (rows, width, inner))
    pairs = [(torch.randn(m, k, device=device), torch.randn(n, k, device=device)) for m, k, n in sizes]
    products = [_plain_product(a, b) for a, b in pairs]
    if device == "cpu" and torch.backends.mkldnn.is_available():
        others = [_onednn_product(a, b) for a, b in pairs]
        products = [min(both, key=_quickest) for both in zip(products, others, strict=True)]

    def step() -> None:
        for product in products:
            product()

    return step


def _plain_product(a: Tensor, b: Tensor) -> Step:
    """``a (M, K)`` times the transpose of ``b (N, K)``."""
    right, result = b.t().contiguous(), a.new_empty(len(a), len(b))
    return lambda: torch.mm(a, right, out=result)


def _onednn_product(a: Tensor, b: Tensor) -> Step:
    """The same by oneDNN, with b in the order that it likes best: what torch.compile makes of nn.Linear."""
    packed = torch.ops.mkldnn._reorder_linear_weight(b, len(a))
    return lambda: torch.ops.mkldnn._linear_pointwise(a, packed, None, "none", [], "")


def _quickest(step: Step) -> float:
    def seconds() -> float:
        start = time.perf_counter()
        step()
        return time.perf_counter() - start

    return min(seconds() for _ in range(3))


def _training(forward: Callable[[Batch], Tensor], module: nn.Module, batches: Sequence[Batch]) -> Step:
    weights = list(module.parameters())

    def step() -> tuple[Tensor, ...]:
        for batch in batches:
            found = torch.autograd.grad(forward(batch), [batch.x, *weights], batch.gradient, allow_unused=True)
        return found

    return step

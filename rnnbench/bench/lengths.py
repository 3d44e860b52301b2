"""Times a training step on sequences of different lengths, batched in random order and bucketed by length."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from rnnbench.bench.fixed import Effort, Timed
from rnnbench.bench.shapes import Shape
from rnnbench.bench.steps import Batch, engine_step, layer_step, make_layer
from rnnbench.bench.subjects import counterpart, find_cell
from rnnbench.bench.timing import time_in_turns
from rnnbench.engine import EngineName

Distribution = Literal["uniform", "skewed"]
Order = Literal["random", "bucketed"]

BATCHES = 4


def draw_lengths(distribution: Distribution, shape: Shape) -> Tensor:
    """Lengths of `BATCHES` batches, int64, each in 1..T: the same in every call.

    ``uniform``: 50 % to 100 % of T. ``skewed``: lognormal with a median of 0.28 T and a mean of about 0.35 T.
    """
    generator = torch.Generator().manual_seed(0)
    count = BATCHES * shape.batch
    if distribution == "uniform":
        part = 0.5 + 0.5 * torch.rand(count, generator=generator)
    else:
        part = 0.28 * torch.exp(0.7 * torch.randn(count, generator=generator))
    return (part * shape.time).round().long().clamp(1, shape.time)


def length_batches(lengths: Tensor, order: Order, shape: Shape, output_size: int, device: str = "cpu") -> list[Batch]:
    """Batches padded to their own longest sequence, in the order drawn or with sequences of like length together."""
    found = []
    for part in (lengths.sort().values if order == "bucketed" else lengths).split(shape.batch):
        steps = int(part.max())
        x = torch.randn(len(part), steps, shape.inputs)
        valid = torch.arange(steps)[None, :] < part[:, None]
        gradient = torch.randn(len(part), steps, output_size) * valid[..., None]
        found.append(Batch(x.to(device).requires_grad_(), part.to(device), gradient.to(device)))
    return found


def padding(lengths: Tensor, order: Order, shape: Shape) -> float:
    """Steps computed where batches are padded, over steps that count."""
    batches = (lengths.sort().values if order == "bucketed" else lengths).split(shape.batch)
    return sum(len(part) * int(part.max()) for part in batches) / int(lengths.sum())


def time_lengths(
    cell_name: str, engine: EngineName, shape: Shape, distribution: Distribution, effort: Effort, device: str
) -> Timed:
    """Times ``<cell | padded | packed> <order>`` over the same sequences; to be called in a fresh process."""
    torch.manual_seed(0)
    cell_class = find_cell(cell_name)
    cell = cell_class(shape.inputs, shape.hidden).to(device)
    layer = make_layer(counterpart(cell_class), shape, device)
    lengths = draw_lengths(distribution, shape)
    steps = {}
    orders: tuple[Order, ...] = ("random", "bucketed")
    for order in orders:
        steps[f"cell {order}"] = engine_step(
            cell, engine, length_batches(lengths, order, shape, cell.output_size, device)
        )
        batches = length_batches(lengths, order, shape, shape.hidden, device)
        steps[f"padded {order}"] = layer_step(layer, batches)
        steps[f"packed {order}"] = layer_step(layer, batches, packed=True)
    return Timed(time_in_turns(steps, *effort, device), {})

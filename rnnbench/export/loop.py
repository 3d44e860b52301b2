"""Stacks as graphs of tensors: the loop over time is a scan over the cell's own step, so any cell has one.

A loop in Python would be unrolled to the length that it is traced with, and a layer of torch.nn would be exported for
the batch size that it is traced with.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import torch
from torch import Tensor, nn

# There is no public name for it yet; both exporters know it.
from torch._higher_order_ops.scan import scan

from rnnbench.backbone import Backbone, StackState
from rnnbench.backbone.reverse import reversal
from rnnbench.cells import RNNCell, State
from rnnbench.engine.call import zero_padding


@contextlib.contextmanager
def as_graph(model: nn.Module) -> Iterator[None]:
    """While it is entered, the stacks of a model can be traced: nothing looks at a length, no loop is unrolled.

    Args:
        model: The model, in evaluation mode.
    """
    stacks = [part for part in model.modules() if isinstance(part, Backbone)]
    for stack in stacks:
        stack.forward = functools.partial(_forward, stack)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for stack in stacks:
            del stack.forward


def _forward(
    stack: Backbone, x: Tensor, lengths: Tensor | None = None, state: StackState | None = None
) -> tuple[Tensor, StackState]:
    """What `Backbone.forward` computes."""
    batch, steps = x.shape[:2]
    rows = reversal(lengths, steps) if stack.bidirectional else None

    def turned(y: Tensor) -> Tensor:
        return y.flip(1) if rows is None else y.reshape(batch * steps, -1)[rows].view(batch, steps, -1)

    def run(cell: RNNCell, x: Tensor, state: State, backward: bool) -> tuple[Tensor, State]:
        y, end = _loop(cell, cell.project(turned(x) if backward else x), state, lengths)
        return zero_padding(turned(y) if backward else y, lengths), end

    start = stack.initial_state(batch, x) if state is None else state
    return stack.through(zero_padding(x, lengths), start, run, lengths)


def _loop(cell: RNNCell, z: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
    """The steps over ``(B, T, G)``; the state stays where a sequence has ended."""
    time = torch.arange(z.shape[1], device=z.device)[:, None]
    valid = time >= 0 if lengths is None else time < lengths[None]
    valid = valid.expand(-1, z.shape[0])

    def step(before: State, here: tuple[Tensor, Tensor]) -> tuple[State, Tensor]:
        now, goes_on = here
        output, after = cell.step(now, before)
        kept = [
            torch.where(goes_on.view(-1, *[1] * (old.dim() - 1)), new, old)
            for old, new in zip(before, after, strict=True)
        ]
        # No two results of a step may be one tensor.
        return tuple(kept), output.clone()

    last, outputs = scan(step, tuple(state), (z.transpose(0, 1), valid))
    return outputs.transpose(0, 1), tuple(last)

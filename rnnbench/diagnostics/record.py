"""Watches the cells of a model while it runs: what each read, from which state, with which weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.cells import RNNCell, State
from rnnbench.diagnostics.unroll import Unrolled, unroll
from rnnbench.engine.base import Engine


@dataclass(eq=False)
class Recording:
    """One run of a cell over a batch of sequences.

    Args:
        name: Which cell of the model, such as ``backbone, layer 2`` or ``encoder, layer 1 backwards``.
        cell: The cell.
        params: The values that it ran with, for its parameters and buffers by name; masked weights are masked here.
        state: The state before the first step.
        lengths: Number of valid steps ``(B,)``, int64; None where all are T.
        inputs: What it read, in its own order (a backward cell reads from the end): ``(B, T, I)``, or T times ``(B,
            I)`` where it was stepped.
        outputs: What it put out, ``(B, T, O)``, or T times ``(B, O)``.
    """

    name: str
    cell: RNNCell
    params: Mapping[str, Tensor]
    state: State
    lengths: Tensor | None
    inputs: list[Tensor]
    outputs: list[Tensor]

    @property
    def steps(self) -> int:
        """Number T of steps."""
        return len(self.inputs) if self.inputs[0].dim() == 2 else self.inputs[0].shape[1]

    def unroll(self, most: int | None = None) -> Unrolled:
        """The same run by the plain loop, in float64.

        Args:
            most: Most sequences, the first ones of the batch.
        """
        lengths = None if self.lengths is None else self.lengths[:most]
        return unroll(self.cell, _joined(self.inputs)[:most], tuple(s[:most] for s in self.state), lengths, self.params)

    def gradient(self, most: int | None = None) -> Tensor | None:
        """What the rest of the model hands down, after its backward pass: dL/dy ``(B, T, O)``; None for nothing.

        Args:
            most: Most sequences.
        """
        found = [torch.zeros_like(y) if y.grad is None else y.grad for y in self.outputs]
        return None if all(y.grad is None for y in self.outputs) else _joined(found)[:most]


@contextmanager
def watch(model: nn.Module) -> Iterator[list[Recording]]:
    """Records every run of every recurrent stack in a model, over whole sequences or step by step.

    What is computed stays the same, bit for bit. Where a decoder steps, what it reads may depend on its last output;
    only what passes through the cell's state counts as its recurrence then.

    Args:
        model: The model; its stacks are the `Backbone` in it.

    Yields:
        The list that recordings are appended to.
    """
    stacks = {name: part for name, part in model.named_modules() if isinstance(part, Backbone)}
    engines = {name: stack.engine for name, stack in stacks.items()}
    found: list[Recording] = []
    hooks = []
    try:
        for path, stack in stacks.items():
            names = _names(path, stack)
            stack.engine = _Watching(stack.engine, names, found)
            hooks += [cell.register_forward_hook(_Steps(names[cell], found)) for cell in names]
        yield found
    finally:
        for hook in hooks:
            hook.remove()
        for path, stack in stacks.items():
            stack.engine = engines[path]


def longest(recordings: list[Recording]) -> list[Recording]:
    """Of each cell the recording with most steps, in the order in which the cells first ran."""
    best: dict[str, Recording] = {}
    for one in recordings:
        if one.name not in best or one.steps > best[one.name].steps:
            best[one.name] = one
    return list(best.values())


def _names(path: str, stack: Backbone) -> dict[RNNCell, str]:
    """Names of the cells of a stack."""
    stem = path.replace("_", " ").replace(".", ", ") or "stack"
    return {
        cell: f"{stem}, layer {layer}" + (" backwards" if way else "")
        for layer, cells in enumerate(stack.cells, start=1)
        for way, cell in enumerate(cells)
    }


def _joined(parts: list[Tensor]) -> Tensor:
    """Over time: ``(B, T, ...)``."""
    return torch.stack(parts, 1) if parts[0].dim() == 2 else parts[0]


def _kept(y: Tensor) -> Tensor:
    if y.requires_grad:
        y.retain_grad()
    return y


class _Steps:
    """A hook of a cell that is stepped: a call that goes on from the state of the last one is a step of the same run.

    Args:
        name: The cell's.
        found: Takes the recordings.
    """

    def __init__(self, name: str, found: list[Recording]) -> None:
        self.name = name
        self.found = found
        self.run: Recording | None = None
        self.last: State = ()

    def __call__(self, cell: nn.Module, given: tuple[Any, ...], made: tuple[Tensor, State]) -> None:
        (x, state), (y, new) = given, made
        assert isinstance(cell, RNNCell)
        if self.run is None or any(a is not b for a, b in zip(state, self.last, strict=True)):
            # Within the call these are the values that it was handed, masked where they are masked.
            params = {**dict(cell.named_parameters()), **dict(cell.named_buffers())}
            self.run = Recording(self.name, cell, params, state, None, [], [])
            self.found.append(self.run)
        self.run.inputs.append(x)
        self.run.outputs.append(_kept(y))
        self.last = new


class _Watching(Engine):
    """Another engine, and a recording of what it ran.

    Args:
        engine: The other engine.
        names: Names of the cells.
        found: Takes the recordings.
    """

    def __init__(self, engine: Engine, names: Mapping[RNNCell, str], found: list[Recording]) -> None:
        self.name = engine.name
        self.engine = engine
        self.names = names
        self.found = found

    def running(self, cell: RNNCell) -> set[str]:
        """See `Engine.running`."""
        return self.engine.running(cell)

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """That of the other engine."""
        return self.engine.refusal(cell, masked, device, dtype)

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        y, last = self.engine.run(cell, params, x, state, lengths)
        self.found.append(Recording(self.names[cell], cell, params, state, lengths, [x], [_kept(y)]))
        return y, last

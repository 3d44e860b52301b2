"""Watches the cells of a model while it runs: what each read, from which state, with which weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone
from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine


@dataclass(eq=False)
class Recording:
    """One run of a cell over a batch of sequences.

    Args:
        name: Which cell of the model, such as ``backbone, layer 2`` or ``encoder, layer 1 backwards``.
        cell: The cell.
        params: The values that it ran with, for its parameters and buffers by name; masked weights are masked here.
        x: What it read ``(B, T, I)``, in its own order: a backward cell reads from the end.
        state: The state before the first step.
        lengths: Number of valid steps ``(B,)``, int64; None where all are T.
        y: What it put out ``(B, T, O)``; after a backward pass its ``grad`` is what the rest of the model hands down.
    """

    name: str
    cell: RNNCell
    params: Mapping[str, Tensor]
    x: Tensor
    state: State
    lengths: Tensor | None
    y: Tensor


@contextmanager
def watch(model: nn.Module) -> Iterator[list[Recording]]:
    """Records every run of every recurrent stack in a model over whole sequences.

    What is computed stays the same, bit for bit. Single steps (`Backbone.step`, as decoders take them) are not
    recorded: there, what a step reads may depend on the step before by other ways than the cell.

    Args:
        model: The model; its stacks are the `Backbone` in it.

    Yields:
        The list that recordings are appended to.
    """
    found: list[Recording] = []
    stacks = {name: part for name, part in model.named_modules() if isinstance(part, Backbone)}
    engines = {name: stack.engine for name, stack in stacks.items()}
    try:
        for name, stack in stacks.items():
            stack.engine = _Watching(stack.engine, _names(name, stack), found)
        yield found
    finally:
        for name, stack in stacks.items():
            stack.engine = engines[name]


def longest(recordings: list[Recording]) -> list[Recording]:
    """Of each cell the recording with most steps, in the order in which the cells first ran."""
    best: dict[str, Recording] = {}
    for one in recordings:
        if one.name not in best or one.x.shape[1] > best[one.name].x.shape[1]:
            best[one.name] = one
    return list(best.values())


def _names(path: str, stack: Backbone) -> dict[int, str]:
    """Names of the cells of a stack, by their identity."""
    stem = path.replace("_", " ") or "stack"
    return {
        id(cell): f"{stem}, layer {layer}" + (" backwards" if way else "")
        for layer, cells in enumerate(stack.cells, start=1)
        for way, cell in enumerate(cells)
    }


class _Watching(Engine):
    """Another engine, and a note of what it ran.

    Args:
        engine: The other engine.
        names: Names of cells by their identity.
        found: Takes the notes.
    """

    def __init__(self, engine: Engine, names: Mapping[int, str], found: list[Recording]) -> None:
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
        if y.requires_grad:
            y.retain_grad()
        self.found.append(Recording(self.names[id(cell)], cell, params, x, state, lengths, y))
        return y, last

"""Captures whole loops over time in CUDA graphs: launching T steps of kernels costs one call.

A loop is captured when its shapes come for the second time; until then, and while its buffers are in use, it runs
eagerly, with the same numbers. A captured loop owns its buffers: inputs are copied in, results out, and what the
backward needs stays in place, so that one forward may be waiting for its backward. For each cell the last few captured
loops are kept.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from rnnbench.engine.cuda.compiled import Program
from rnnbench.engine.cuda.loop import Forward, Gradients, Inputs, run_backward, run_forward

Made = TypeVar("Made")

_GRAPHS = 4  # for each cell: training and evaluation, each with a short last batch
_REMEMBERED = 64  # shapes seen once


class Ticket:
    """Says that a forward waits for its backward, as long as it is alive."""


class CapturedLoop:
    """The loop of one program for one set of shapes.

    Args:
        program: What to capture.
        given: Inputs of the shapes to capture.
        training: Whether there is a backward.
        needed: For each weight whether its gradient is needed.
    """

    def __init__(self, program: Program, given: Inputs, training: bool, needed: Sequence[bool]) -> None:
        self._inputs = Inputs(
            given.z.clone(memory_format=torch.contiguous_format),
            None if given.lengths is None else given.lengths.clone(),
            None if given.mask is None else given.mask.clone(),
            tuple(leaf.clone() for leaf in given.state),
            tuple(one.clone() for one in given.constants),
        )
        pool = torch.cuda.graph_pool_handle()
        self._forward, self._made = _capture(lambda: run_forward(program, self._inputs, training), pool)
        self._ticket: Callable[[], Ticket | None] = lambda: None
        if training:
            self._seeds = [torch.zeros_like(one) for one in (self._made.output, *self._made.last)]
            self._backward, self._gradients = _capture(
                lambda: run_backward(
                    program, self._made.kept, self._inputs.lengths, self._seeds[0], self._seeds[1:], needed
                ),
                pool,
            )

    def is_free(self) -> bool:
        """Whether no forward waits for its backward."""
        return self._ticket() is None

    def forward(self, given: Inputs) -> tuple[Forward, Ticket]:
        """Output and last state are the caller's; what is kept stays here while the caller holds the ticket."""
        torch._foreach_copy_(self._inputs.tensors(), given.tensors())
        self._forward.replay()
        ticket = Ticket()
        self._ticket = weakref.ref(ticket)
        # z is written by every forward: kept, its version tells a backward that comes too late.
        kept = {**self._made.kept, "z": self._inputs.z}
        return Forward(self._made.output.clone(), tuple(leaf.clone() for leaf in self._made.last), kept), ticket

    def backward(self, d_output: Tensor, d_last: Sequence[Tensor]) -> Gradients:
        """The gradients for the last forward."""
        torch._foreach_copy_(self._seeds, [d_output, *d_last])
        self._backward.replay()
        made = self._gradients
        return Gradients(
            made.z.clone(),
            tuple(leaf.clone() for leaf in made.state),
            tuple(_copy(one) for one in made.vectors),
            tuple(_copy(one) for one in made.weights),
        )


class GraphCache:
    """The captured loops of one cell: the last used, and which shapes have been seen."""

    def __init__(self) -> None:
        self._loops: OrderedDict[tuple[object, ...], CapturedLoop | None] = OrderedDict()

    def find(self, program: Program, given: Inputs, training: bool, needed: Sequence[bool]) -> CapturedLoop | None:
        """The captured loop for these inputs; None where the loop has to run eagerly.

        Args:
            program: What to run.
            given: Inputs.
            training: Whether there is a backward.
            needed: For each weight whether its gradient is needed.
        """
        if not _can_capture(given.z):
            return None
        shapes = tuple(tuple(one.shape) for one in given.tensors())
        key = (program.ragged, given.mask is None, training, *needed, given.z.device, given.z.dtype, shapes)
        if key not in self._loops:
            self._loops[key] = None
            if len(self._loops) > _REMEMBERED:
                self._loops.popitem(last=False)
            return None
        self._loops.move_to_end(key)
        loop = self._loops[key]
        if loop is None:
            captured = [other for other, one in self._loops.items() if one is not None]
            for other in captured[: len(captured) - _GRAPHS + 1]:
                del self._loops[other]
            loop = self._loops[key] = CapturedLoop(program, given, training, needed)
        return loop if loop.is_free() else None


def _can_capture(z: Tensor) -> bool:
    # What runs inside of somebody else's capture is captured there.
    return z.device.type == "cuda" and not torch.cuda.is_current_stream_capturing()


def _capture(function: Callable[[], Made], pool: Any) -> tuple[torch.cuda.CUDAGraph, Made]:
    # Once beside the capture: kernels are compiled and libraries loaded, which a capture must not see.
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        function()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    # Other threads (pinning memory, loading data) may go on with what would disturb a capture in their own.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        made = function()
    return graph, made


def _copy(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.clone()

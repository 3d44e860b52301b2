"""Captures whole loops over time in CUDA graphs: launching T steps of kernels costs one call.

A graph has fixed shapes, and batches of sequences have not. So T and B are rounded up, to eight sizes between a power
of two and the next: buckets of all lengths meet a few dozen graphs, and past its length a row costs time and changes
nothing. A loop is captured when its rounded shape comes for the first time, so that whoever runs the largest batch
ahead, to see whether it fits, sees the memory of the loops as well.

A captured loop owns its buffers: inputs are copied in, results out, and what the backward needs stays in place. All
loops of one cell lie in the same memory (`arena`), since one forward at a time waits for its backward; while it does,
another forward of the same cell runs eagerly. What all arenas of a device hold together is bounded.
"""

from __future__ import annotations

import functools
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from rnnbench.engine.cuda.arena import Arena, Meter, held
from rnnbench.engine.cuda.compiled import Program
from rnnbench.engine.cuda.loop import Empty, Forward, Gradients, Inputs, run_backward, run_forward
from rnnbench.engine.precision import allows_tf32
from rnnbench.engine.traced.buffers import Z

Made = TypeVar("Made")

_LOOPS = 256  # captured for each cell
_SHARE = 0.25  # of a device's memory, for all arenas on it


class Ticket:
    """Says that a forward waits for its backward, as long as it is alive."""


class CapturedLoop:
    """The loop of one program for one set of shapes.

    Args:
        program: What to capture; it takes lengths.
        like: Inputs whose types and widths to take.
        steps: T to capture.
        batch: B to capture.
        training: Whether there is a backward.
        needed: For each weight whether its gradient is needed.
        low: The type that products round their operands to.
    """

    def __init__(
        self,
        program: Program,
        like: Inputs,
        steps: int,
        batch: int,
        training: bool,
        needed: Sequence[bool],
        low: torch.dtype | None,
    ) -> None:
        self._program, self._like, self._shape = program, like, (steps, batch)
        self._training, self._needed, self._low = training, needed, low

    def measure(self) -> int:
        """Runs once beside the capture, which must not see kernels compiled, and counts the numbers that it needs."""
        meter = Meter(self._like.z)

        def rehearse() -> None:
            self._place(meter)
            made = run_forward(self._program, self._inputs, self._training, self._low, meter)
            if self._training:
                self._run_backward(made, meter)

        _beside(rehearse, self._like.z.device)
        return meter.used

    def capture(self, arena: Arena) -> None:
        """Captures the loop, its buffers in an arena."""
        arena.used = 0
        self._place(arena)
        ahead = arena.used

        def forward() -> Forward:
            arena.used = ahead
            return run_forward(self._program, self._inputs, self._training, self._low, arena)

        self._forward, self._made = _capture(forward, self._like.z.device)
        if self._training:
            behind = arena.used

            def backward() -> Gradients:
                arena.used = behind
                return self._run_backward(self._made, arena)

            self._backward, self._gradients = _capture(backward, self._like.z.device)
        del self._like

    def forward(self, given: Inputs) -> Forward:
        """Output and last state are the caller's; what is kept stays here."""
        steps, batch, _ = given.z.shape
        static = self._inputs
        static.z[:steps, :batch].copy_(given.z)
        assert static.lengths is not None
        static.lengths[batch:] = 0
        if given.lengths is None:
            static.lengths[:batch] = steps
        else:
            static.lengths[:batch].copy_(given.lengths)
        if static.mask is not None and given.mask is not None:
            static.mask[:batch].copy_(given.mask)
        for leaf, one in zip(static.state, given.state, strict=True):
            leaf[:batch].copy_(one)
            # What stands in a row of no length is multiplied with zeros in the gradients of weights.
            leaf[batch:] = 0
        torch._foreach_copy_(list(static.constants), list(given.constants))
        self._forward.replay()
        # z is written by every forward: kept, its version tells a backward that comes too late.
        kept = {**self._made.kept, Z: static.z}
        last = tuple(leaf[:batch].clone() for leaf in self._made.last)
        return Forward(self._made.output[:steps, :batch].clone(), last, kept)

    def backward(self, d_output: Tensor, d_last: Sequence[Tensor]) -> Gradients:
        """The gradients for the last forward."""
        steps, batch, _ = d_output.shape
        self._seeds[0][:steps, :batch].copy_(d_output)
        for seed, one in zip(self._seeds[1:], d_last, strict=True):
            seed[:batch].copy_(one)
        self._backward.replay()
        made = self._gradients
        return Gradients(
            made.z[:steps, :batch].clone(),
            tuple(leaf[:batch].clone() for leaf in made.state),
            tuple(_copy(one) for one in made.vectors),
            tuple(_copy(one) for one in made.weights),
        )

    def _place(self, empty: Empty) -> None:
        """Inputs of the forward and of the backward."""
        given, (steps, batch) = self._like, self._shape
        self._inputs = Inputs(
            empty(steps, batch, given.z.shape[2]).zero_(),
            torch.zeros(batch, dtype=torch.int64, device=given.z.device),
            None if given.mask is None else empty(batch, given.mask.shape[1]).zero_(),
            tuple(empty(batch, leaf.shape[1]).zero_() for leaf in given.state),
            tuple(empty(*one.shape).copy_(one) for one in given.constants),
        )
        if self._training:
            plan = self._program.plan
            shapes = [(steps, batch, plan.output_width), *((batch, leaf) for leaf in plan.leaves)]
            self._seeds = [empty(*shape).zero_() for shape in shapes]

    def _run_backward(self, made: Forward, empty: Empty) -> Gradients:
        return run_backward(
            self._program,
            made.kept,
            self._inputs.lengths,
            self._seeds[0],
            self._seeds[1:],
            self._needed,
            self._low,
            empty,
        )


class GraphCache:
    """The captured loops of one cell: the last used."""

    def __init__(self) -> None:
        self._loops: OrderedDict[tuple[object, ...], CapturedLoop] = OrderedDict()
        self._too_large: set[tuple[object, ...]] = set()
        self._arena: Arena | None = None
        self._ticket: Callable[[], Ticket | None] = lambda: None

    def find(
        self, program: Program, given: Inputs, training: bool, needed: Sequence[bool], low: torch.dtype | None
    ) -> CapturedLoop | None:
        """The captured loop for these inputs; None where the loop has to run eagerly.

        Args:
            program: What to run; it takes lengths, whatever the inputs have.
            given: Inputs.
            training: Whether there is a backward.
            needed: For each weight whether its gradient is needed.
            low: The type that products round their operands to.
        """
        if not _can_capture(given.z):
            return None
        steps, batch = _rounded(given.z.shape[0]), _rounded(given.z.shape[1])
        precision = (given.z.dtype, low, allows_tf32())
        key = (steps, batch, given.mask is None, training, *needed, given.z.device, *precision)
        if key in self._too_large or self._ticket() is not None:
            return None
        if key not in self._loops:
            # Not in inference mode, whose tensors nobody else may write to.
            with torch.inference_mode(False), torch.no_grad():
                loop = CapturedLoop(program, given, steps, batch, training, needed, low)
                if not self._fits(loop, given.z):
                    self._too_large.add(key)
                    return None
            self._loops[key] = loop
            if len(self._loops) > _LOOPS:
                self._loops.popitem(last=False)
        self._loops.move_to_end(key)
        return self._loops[key]

    def wait(self) -> Ticket:
        """Keeps all loops as they are as long as the ticket is alive."""
        ticket = Ticket()
        self._ticket = weakref.ref(ticket)
        return ticket

    def _fits(self, loop: CapturedLoop, like: Tensor) -> bool:
        """Captures a loop in the arena, in a larger one where it has to be; whether it fits."""
        size = loop.measure()
        if self._arena is None or not self._arena.suits(like, size):
            others = held(like.device) - (0 if self._arena is None else self._arena.bytes)
            if others + size * like.element_size() > _limit(like.device):
                return False
            # Loops lie in the arena that was: they are captured anew when they come again.
            self._loops.clear()
            self._arena = None
            self._arena = Arena(like, size)
        loop.capture(self._arena)
        return True


def _rounded(size: int) -> int:
    """The next of eight sizes between a power of two and the next."""
    step = 1 << max(0, size.bit_length() - 4)
    return -(-size // step) * step


def _can_capture(z: Tensor) -> bool:
    # What runs inside of somebody else's capture is captured there.
    return z.device.type == "cuda" and not torch.cuda.is_current_stream_capturing()


@functools.cache
def _limit(device: torch.device) -> float:
    """Bytes that all arenas of a device may hold."""
    return _SHARE * torch.cuda.get_device_properties(device).total_memory


@functools.cache
def _stream_and_pool(device: torch.device) -> tuple[Any, Any]:
    """One stream and one pool of memory for all captures on a device; libraries have a workspace for each stream."""
    return torch.cuda.Stream(device), torch.cuda.graph_pool_handle()


def _beside(function: Callable[[], None], device: torch.device) -> None:
    side, _ = _stream_and_pool(device)
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        function()
    torch.cuda.current_stream().wait_stream(side)


def _capture(function: Callable[[], Made], device: torch.device) -> tuple[torch.cuda.CUDAGraph, Made]:
    stream, pool = _stream_and_pool(device)
    graph = torch.cuda.CUDAGraph()
    # Other threads (pinning memory, loading data) may go on with what would disturb a capture in their own.
    with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
        made = function()
    return graph, made


def _copy(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.clone()

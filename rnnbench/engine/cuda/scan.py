"""The engine `scan`: linear recurrences on CUDA, as one associative scan over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.cells.linear import LinearCell, Number, multiply
from rnnbench.engine.base import Engine
from rnnbench.engine.call import call, project, returned_dtype, zero_padding
from rnnbench.engine.cuda.device import missing, on_cuda
from rnnbench.engine.precision import loop_dtype, products_as

# Steps and units of a tile. A tile is what is read at once; more than this needs more registers than there are.
_TIMES, _UNITS = 32, 32


class ScanEngine(Engine):
    """Runs cells whose step is that of `LinearCell`: coefficients at once, one scan, outputs at once.

    Every step is a function h -> a h + b, and two of them in a row are one again, so that all prefixes of a sequence
    can be combined in a tree. The gradient with respect to h is the same recurrence backward in time,

        g_t = dL/dh_t + a_(t+1) g_(t+1),  dL/db_t = g_t,  dL/da_t = g_t h_(t-1),

    with conjugate a and h where numbers are complex: one kernel serves both. G. E. Blelloch, Prefix Sums and Their
    Applications, 1990; E. Martin and C. Cundy, Parallelizing Linear Recurrent Neural Nets Over Sequence Length, ICLR
    2018. Products of factors are formed, so that |a| far above 1 overflows earlier than in a loop. On a CPU a serial
    loop is faster than any scan, and the fused engine has it.
    """

    name = "scan"

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses cells that are no linear recurrence, and everything where triton or a CUDA device is missing."""
        if not isinstance(cell, LinearCell) or type(cell).step is not LinearCell.step:
            return "its state is no linear function of the state before"
        return missing(device)

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`; number types are those of `TritonEngine.run`."""
        on_cuda(x, self.name)
        assert isinstance(cell, LinearCell)
        return run_cell(cell, params, x, state, lengths)


def run_cell(
    cell: LinearCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
) -> tuple[Tensor, State]:
    """Runs a cell, in Triton's interpreter on CPU tensors too; takes and returns what `Engine.run` does."""
    dtype, returned = loop_dtype(state), returned_dtype(x, state)
    z = project(cell, params, x).to(dtype)
    used = {name: value.to(dtype) for name, value in params.items() if value is not None}
    with products_as(x.device, None), torch.cuda.device_of(x):
        a, b = call(cell, used, lambda: cell.coefficients(z))
        if lengths is not None:
            lengths = lengths.to(z.device, non_blocking=True)
            # Past its length a sequence keeps its state.
            valid = torch.arange(z.shape[1], device=z.device)[None, :, None] < lengths[:, None, None]
            a = tuple(torch.where(valid, part, one) for part, one in zip(a, (1.0, 0.0), strict=False))
            b = tuple(torch.where(valid, part, 0.0) for part in b)
        shape = (*z.shape[:2], cell.hidden_size)
        hidden = scan(
            tuple(part.expand(shape) for part in a),
            tuple(part.expand(shape) for part in b),
            tuple(leaf.to(dtype) for leaf in state),
        )
        y = call(cell, used, lambda: cell.read(z, hidden))
    return zero_padding(y.to(returned), lengths), tuple(part[:, -1].to(returned) for part in hidden)


def scan(a: Number, b: Number, start: Number) -> Number:
    """All states of h_t = a_t h_(t-1) + b_t.

    Args:
        a: Factors ``(B, T, H)``, one part or a real and an imaginary one.
        b: Terms, likewise.
        start: The state before, parts ``(B, H)``.

    Returns:
        The states, parts ``(B, T, H)``.
    """
    return _Scan.apply(len(a), *a, *b, *start)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, parts: int, *given: Tensor) -> tuple[Tensor, ...]:
        a, b, start = given[:parts], given[parts : 2 * parts], given[2 * parts :]
        hidden = _run(a, b, start, backward=False)
        ctx.parts = parts
        ctx.save_for_backward(*a, *start, *hidden)
        return hidden

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        parts = ctx.parts
        a, start, hidden = (ctx.saved_tensors[k * parts : (k + 1) * parts] for k in range(3))
        g = _run(a, gradients, tuple(torch.zeros_like(leaf) for leaf in start), backward=True)
        before = tuple(
            torch.cat([leaf[:, None], part[:, :-1]], dim=1) for leaf, part in zip(start, hidden, strict=True)
        )
        to_a = multiply(_conjugate(before), g)
        to_start = multiply(_conjugate(tuple(part[:, 0] for part in a)), tuple(part[:, 0] for part in g))
        return None, *to_a, *g, *to_start


def _conjugate(number: Number) -> Number:
    return (number[0], *(-part for part in number[1:]))


def _run(a: Number, b: Number, start: Number, backward: bool) -> Number:
    from rnnbench.engine.cuda.scan_kernels import scan_complex, scan_real

    batch, steps, width = b[0].shape
    b, start = tuple(part.contiguous() for part in b), tuple(leaf.contiguous() for leaf in start)
    if any(part.stride() != a[0].stride() for part in a):
        a = tuple(part.contiguous() for part in a)
    out = tuple(torch.empty_like(part) for part in b)
    if b[0].numel():
        kernel = scan_real if len(a) == 1 else scan_complex
        grid = (batch, -(-width // _UNITS))
        kernel[grid](*a, *b, *start, *out, steps, width, *a[0].stride(), backward, _TIMES, _UNITS)
    return out

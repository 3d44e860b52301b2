"""The large products outside of the loop, for processors on which torch's are slow.

Torch's products on x86 are MKL's, which takes its slower path on processors that are not Intel's: half the speed of the
one that generated code contains anyway. Elsewhere torch's own are taken.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from rnnbench.engine.fused.memory import check
from rnnbench.engine.fused.threads import parallel, thread_count

_NUMBER = ctypes.c_int64
_ROWS_PER_THREAD = 32


@functools.cache
def is_wanted() -> bool:
    """Whether torch's own products are slow here."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        vendor = next(line for line in lines if line.startswith("vendor_id"))
    except (OSError, StopIteration):
        return False
    return torch.backends.mkl.is_available() and "GenuineIntel" not in vendor


def multiply(
    library: ctypes.CDLL | None, a: Tensor, b: Tensor, bias: Tensor | None = None, sums: Tensor | None = None
) -> Tensor:
    """``a (M, K) @ b (K, N) + bias (N)``.

    Args:
        library: What to compute it with; None for torch.
        a: Contiguous rows or columns.
        b: Contiguous rows or columns.
        bias: None for nothing.
        sums: Where the sums ``(M)`` of a are added to, a of contiguous columns; None for nowhere.
    """
    if library is None:
        return torch.mm(a, b)
    (m, k), n = a.shape, b.shape[1]
    found = a.new_empty(m, n)
    threads = thread_count(max(1, m // _ROWS_PER_THREAD))
    status = library.rnnbench_product(
        *(_NUMBER(size) for size in (m, n, k)),
        *(*_matrix(a), *_matrix(b), _address(bias), _address(found), _NUMBER(n), _address(sums)),
        *(_NUMBER(threads), parallel()),
    )
    check(status)
    return found


def _address(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _matrix(matrix: Tensor) -> tuple[ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]:
    """Address, distance between rows as they lie in memory, and whether rows are columns there."""
    # A single column or row lies both ways.
    transposed = matrix.stride(1) != 1
    return ctypes.c_void_p(matrix.data_ptr()), _NUMBER(matrix.stride(0 if not transposed else 1)), _NUMBER(transposed)


class OwnLinear(TorchFunctionMode):
    """While it is entered, `torch.nn.functional.linear` is computed with a library."""

    def __init__(self, library: ctypes.CDLL, dtype: torch.dtype) -> None:
        super().__init__()
        self.native_code = library
        self.dtype = dtype

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.linear and not kwargs and 2 <= len(args) <= 3:
            x, weight, bias = (*args, None)[:3]
            if all(one is None or one.dtype == self.dtype for one in (x, weight, bias)) and weight.dim() == 2:
                return _Linear.apply(self.native_code, x, weight, bias)
        return func(*args, **kwargs)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, library: ctypes.CDLL, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows, weight = x.reshape(-1, x.shape[-1]).contiguous(), weight.contiguous()
        ctx.native_code, ctx.shape = library, x.shape
        ctx.save_for_backward(rows, weight)
        bias = None if bias is None else bias.contiguous()
        return multiply(library, rows, weight.t(), bias).view(*x.shape[:-1], len(weight))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        gradient = gradients[0].reshape(len(rows), -1).contiguous()
        _, wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        sums = gradient.new_zeros(len(weight)) if wants_bias else None
        return (
            None,
            multiply(ctx.native_code, gradient, weight).view(ctx.shape) if wants_x else None,
            multiply(ctx.native_code, gradient.t(), rows, sums=sums) if wants_weight or wants_bias else None,
            sums,
        )

"""How precise the recurrent products of an engine are: one rule for all of them.

A recurrent product is one of the step with a weight, or of a matrix memory with what is read or stored. All else of a
loop over time is computed in float32, or in float64 where the state is in float64. For the products,

- a state in float64 makes them float64;
- on a CPU they are float32, under autocast and in models of half precision too: no engine there is quicker in less;
- elsewhere autocast says: bfloat16 under ``bf16-mixed``, float16 under ``16-mixed``; without autocast a model of half
  precision has products of its own type;
- what is left is float32, in TensorFloat-32 where `torch.set_float32_matmul_precision` allows it ("high", "medium";
  not by default), cuDNN's included, whose own default is another one.

Low precision rounds the operands of a product and its result; sums inside of it are float32. The projection of the
input, which is no part of the loop, is as precise as autocast and the model say.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells import State

_HALVES = (torch.bfloat16, torch.float16)


def loop_dtype(state: State) -> torch.dtype:
    """The type of numbers in the loop: float64 where the state has it, else float32."""
    return torch.float64 if state[0].dtype == torch.float64 else torch.float32


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """The type that autocast of a device asks for; None where it is off, or there is none."""
    there = torch.amp.is_autocast_available(device.type) and torch.is_autocast_enabled(device.type)
    return torch.get_autocast_dtype(device.type) if there else None


def product_dtype(device: torch.device, given: torch.dtype) -> torch.dtype:
    """The type that recurrent products round their operands to.

    Args:
        device: Where the loop runs.
        given: The type of the state.
    """
    if given == torch.float64:
        return given
    if device.type == "cpu":
        return torch.float32
    return autocast_dtype(device) or given


def low_dtype(x: Tensor, state: State) -> torch.dtype | None:
    """`product_dtype` where it is less than the loop's own type, else None."""
    dtype = product_dtype(x.device, state[0].dtype)
    return dtype if dtype in _HALVES else None


@contextlib.contextmanager
def products_as(device: torch.device, low: torch.dtype | None) -> Iterator[None]:
    """Products of operations of PyTorch round their operands to a type.

    Args:
        device: Where they run.
        low: The type; None for that of their operands, whatever autocast says.
    """
    if autocast_dtype(device) == low:
        yield
    else:
        with torch.autocast(device.type, dtype=low, enabled=low is not None):
            yield


def recurrent_precision(device: torch.device | str, parameters: torch.dtype) -> str:
    """What recurrent products are computed in, on every engine, as a record of a run says it.

    To be asked under the autocast that the model runs in.

    Args:
        device: Where the model runs.
        parameters: The type of its parameters.

    Returns:
        ``float64``, ``float32``, ``tf32``, ``bfloat16`` or ``float16``.
    """
    device = torch.device(device)
    dtype = product_dtype(device, parameters)
    if dtype == torch.float32 and device.type == "cuda" and allows_tf32():
        return "tf32"
    return str(dtype).removeprefix("torch.")


def allows_tf32() -> bool:
    """Whether products of float32 may use TensorFloat-32 on CUDA."""
    matmul = torch.backends.cuda.matmul
    # The second is the older name, and an error where the newer has been used.
    return matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else matmul.allow_tf32


def as_products(run: Callable[..., tuple[Tensor, ...]], *given: Tensor) -> tuple[Tensor, ...]:
    """Runs one of torch.nn's recurrent layers, with TensorFloat-32 where products have it, and nowhere else.

    cuDNN has a setting of its own, which is on by default, and which its backward reads anew: it is set around both,
    and only then, because whoever asks for the setting of all of cuDNN meets an error while its parts differ.

    Args:
        run: The layer, a function of tensors alone.
        given: The tensors.
    """
    x = given[0]
    owner, name, wanted = _cudnn_setting()
    if x.device.type != "cuda" or x.dtype != torch.float32 or getattr(owner, name) == wanted:
        return run(*given)
    return _AsProducts.apply(run, *given)


class _AsProducts(torch.autograd.Function):
    """A function and its gradient under cuDNN's setting."""

    @staticmethod
    def forward(ctx: Any, run: Callable[..., tuple[Tensor, ...]], *given: Tensor) -> tuple[Tensor, ...]:
        needed = ctx.needs_input_grad[1:]
        own = [one.detach().requires_grad_(need) for one, need in zip(given, needed, strict=True)]
        with torch.set_grad_enabled(any(needed)), _cudnn_as_products():
            made = run(*own)
        ctx.own, ctx.made = own, made
        return tuple(one.detach() for one in made)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        asked = [one for one in ctx.own if one.requires_grad]
        keep = torch._C._autograd._get_current_graph_task_keep_graph()
        with _cudnn_as_products():
            found = iter(torch.autograd.grad(ctx.made, asked, gradients, retain_graph=keep))
        return None, *(next(found) if one.requires_grad else None for one in ctx.own)


@contextlib.contextmanager
def _cudnn_as_products() -> Iterator[None]:
    owner, name, wanted = _cudnn_setting()
    before = getattr(owner, name)
    setattr(owner, name, wanted)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _cudnn_setting() -> tuple[Any, str, Any]:
    """Where the setting of cuDNN's recurrent layers stands, and what it has to be."""
    if hasattr(torch.backends.cudnn, "rnn"):
        return torch.backends.cudnn.rnn, "fp32_precision", "tf32" if allows_tf32() else "ieee"
    return torch.backends.cudnn, "allow_tf32", allows_tf32()
